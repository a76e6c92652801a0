import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { readSource } from '../support/source-files.ts'

const here = process.platform === 'linux' && process.arch === 'x64'

describe.skipIf(!here)('the binary of the write loop', () => {
  const loop = here
    ? (createRequire(import.meta.url)('fairlead-linux-x64') as {
        broadcast: (...given: unknown[]) => number
        source: string
      })
    : undefined!

  it('was made of the source beside it', () => {
    const source = createHash('sha256').update(readSource('native/linux-x64/write-loop.c')).digest('hex')
    expect(loop.source, 'build it again: npm run build -w fairlead-linux-x64').toBe(source)
  })

  it('says of each socket that failed that it took nothing', () => {
    const left = new Int32Array(4)
    expect(loop.broadcast(Int32Array.of(-1, 1_000_000), 2, Buffer.from('hello'), left)).toBe(2)
    expect([...left]).toEqual([0, 0, 1, 0])
  })

  it.each([
    ['nothing', []],
    ['a list that is none', [[1], 1, Buffer.from('x'), new Int32Array(2)]],
    ['numbers of another size', [Float64Array.of(1), 1, Buffer.from('x'), new Int32Array(2)]],
    ['a text', [Int32Array.of(1), 1, 'x', new Int32Array(2)]],
    ['more than the list has', [Int32Array.of(1), 2, Buffer.from('x'), new Int32Array(4)]],
    ['no room for the answer', [Int32Array.of(1), 1, Buffer.from('x'), new Int32Array(1)]],
  ])('refuses %s', (_, given) => {
    expect(() => loop.broadcast(...given)).toThrow(TypeError)
  })
})
