import fc from 'fast-check'

/** One parser. */
export interface Parser<T = unknown> {
  readonly name: string
  readonly input: fc.Arbitrary<T>
  /** Parses, and throws when what was accepted is not what was given. */
  check(input: T): void
  /** Long inputs made to be slow. */
  readonly long: readonly T[]
}

/** Lets a parser of one kind of input stand in a list of parsers of any. */
export function parser<T>(one: Parser<T>): Parser {
  return one as Parser as Parser<unknown>
}

/** Text made to be misread: pieces of the grammar in any order, and whatever else there is. */
export function hostileText(...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.constantFrom(...dangerous) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  )
  return fc.array(piece, { maxLength: 24 }).map((parts) => parts.join(''))
}

const dangerous = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\udc00',
  '😀',
  '%',
  '%00',
  '%0d%0a',
  '../',
  '__proto__',
  '\u212a',
]

/** A JSON text, or nearly one. */
export const hostileJson: fc.Arbitrary<string> = fc.oneof(
  fc.json({ maxDepth: 5 }),
  hostileText(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '"a"',
    '\\"',
    '\\u',
    '\\ud83d',
    '\\ude00',
    '0',
    '-1',
    '1e5',
    'true',
    'null',
    ' ',
    '\t',
  ),
  fc
    .tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 }))
    .map(([json, at, piece]) => splice(json, at, piece)),
)

/** Puts a piece somewhere into a text in place of one unit. */
function splice(text: string, at: number, piece: string): string {
  const index = text.length === 0 ? 0 : at % text.length
  return text.slice(0, index) + piece + text.slice(index + 1)
}

/** Texts of so many units, each of one piece over and over, between two others. */
export function longTexts(units: number, pieces: readonly string[], start = '', end = ''): string[] {
  return pieces.map((piece) => start + piece.repeat(Math.floor(units / piece.length)) + end)
}

/** Throws when a parser changed what it accepted. */
export function assertSame(seen: unknown, expected: unknown): void {
  if (JSON.stringify(seen) !== JSON.stringify(expected))
    throw new Error(`Accepted ${JSON.stringify(expected)} as ${JSON.stringify(seen)}.`)
}
