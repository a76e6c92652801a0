import { type BinaryLike, createHash } from 'node:crypto'

/** What a secret is for, to say it where it is refused. */
export interface SecretUse {
  /** Names the option in messages, such as `keys[0].secret`. */
  readonly option: string
  /** How long it has to be at least: as long as the hash (RFC 7518, section 3.2). */
  readonly bits: number
}

/** Words of secrets that are meant to be replaced; of six letters or more, so that chance does not write them. */
const words = [
  'secret',
  'password',
  'passphrase',
  'changeme',
  'changethis',
  'replaceme',
  'replacethis',
  'example',
  'placeholder',
  'development',
  'insecure',
  'default',
  'letmein',
  'qwerty',
  'keyboardcat',
  'your256bit',
  'privatekey',
  'fairlead',
]

/** SHA-256 of keys that are printed in standards (RFC 7515, appendix A.1; RFC 7520, section 3.5): everyone has them. */
const published: ReadonlySet<string> = new Set(
  [
    'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    'hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg',
  ].flatMap((text) => [digest(text), digest(Buffer.from(text, 'base64url'))]),
)

/** Fewer different bytes than this are a pattern: 32 random ones, even as hexadecimal digits, have more. */
const leastDifferent = 8

/**
 * Returns the bytes of a secret; those of a text are its UTF-8. Throws `TypeError`, without naming the secret, on one
 * that could be guessed: too short, out of a tutorial, or a pattern. One weak key lets anyone sign as anyone, from
 * outside and without a trace, so a server does not start with it.
 */
export function parseSecret(secret: string | Uint8Array, { option, bits }: SecretUse): Buffer {
  const refuse = (fault: string): never => {
    const make = `openssl rand -base64 ${bits / 8}`
    throw new TypeError(`${option} ${fault}. Make one with \`${make}\` and keep it out of the source.`)
  }
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) return refuse('is text or bytes')
  const bytes = Buffer.from(secret as string)
  const text = bytes.toString('latin1')
  if (text.includes('-----BEGIN')) refuse('is a PEM key, which is no shared secret')
  if (typeof secret === 'string' && secret !== secret.trim())
    refuse('begins or ends with white space, as what is read from a file does: trim it')
  const length = bitsOf(text)
  if (length < bits) refuse(`has ${length} bits where ${bits} are needed`)
  if (published.has(digest(bytes)) || readings(text).some(hasWord))
    refuse('is an example that everyone knows')
  if (new Set(bytes).size < leastDifferent || isPattern(bytes)) refuse('is a pattern that can be guessed')
  return bytes
}

/** Hexadecimal digits carry half of what their bytes could. */
function bitsOf(text: string): number {
  return text.length * (/^[0-9A-Fa-f]+$/.test(text) ? 4 : 8)
}

/** The text, and what it says as base64 or hexadecimal. */
function readings(text: string): string[] {
  return [text, ...(['base64', 'hex'] as const).map((form) => Buffer.from(text, form).toString('latin1'))]
}

function hasWord(text: string): boolean {
  const letters = text.toLowerCase().replace(/[^a-z0-9]/g, '')
  return words.some((word) => letters.includes(word))
}

/** One piece repeated, or mostly equal steps such as `abcdef` and `0123456`. */
function isPattern(bytes: Uint8Array): boolean {
  for (let period = 1; period <= bytes.length / 2; period++) {
    if (bytes.every((byte, index) => index < period || byte === bytes[index - period])) return true
  }
  const steps = new Map<number, number>()
  for (let i = 1; i < bytes.length; i++) {
    const step = bytes[i]! - bytes[i - 1]!
    steps.set(step, (steps.get(step) ?? 0) + 1)
  }
  return Math.max(...steps.values()) > bytes.length / 2
}

function digest(data: BinaryLike): string {
  return createHash('sha256').update(data).digest('hex')
}
