import { describe, expect, it } from 'vitest'
import { countLines, filesBelow, readSource } from '../support/source-files.ts'

/** A file over 500 lines says why within its first lines: `// Long because …` or ` * Long because …`. */
const reason = /^\s*(\/\/|\*|\/\*\*?)\s*Long because /m

interface Sized {
  readonly path: string
  readonly lines: number
}

function measure(folders: readonly string[]): Sized[] {
  return folders
    .flatMap(filesBelow)
    .filter((path) => /\.(ts|tsx|mjs|js)$/.test(path))
    .map((path) => ({ path, lines: countLines(readSource(path)) }))
    .sort((a, b) => a.lines - b.lines)
}

describe('file sizes', () => {
  const sources = measure(['src']).filter(({ path }) => !path.endsWith('/index.ts'))

  it('keeps the median file of src/ between 60 and 140 lines', () => {
    const median = sources[Math.floor(sources.length / 2)]?.lines ?? 0
    expect(median).toBeGreaterThanOrEqual(60)
    expect(median).toBeLessThanOrEqual(140)
  })

  it('keeps nine of ten files of src/ under 300 lines', () => {
    const long = sources.filter(({ lines }) => lines >= 300)
    expect(long.length, long.map(describeSize).join('\n')).toBeLessThanOrEqual(sources.length / 10)
  })

  it('has no file over 500 lines without a reason in its head', () => {
    const tooLong = measure(['src', 'test', 'scripts', 'examples'])
      .filter(({ lines }) => lines > 500)
      .filter(({ path }) => !reason.test(readSource(path).split('\n', 12).join('\n')))
    expect(tooLong.map(describeSize), 'split it by idea, or begin it with `// Long because …`').toEqual([])
  })
})

function describeSize({ path, lines }: Sized): string {
  return `${path}: ${lines} lines`
}
