import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { describe, expect, it } from 'vitest'
import { importsOf } from '../support/modules.ts'
import { readSource, root } from '../support/source-files.ts'

/** What only a server or Node has; a browser cannot load it. */
function foreign(text: string): string[] {
  const imports = importsOf('bundle.ts', text).flatMap(({ file, specifier }) => (file ? [] : [specifier]))
  const marks = ['WebSocketServer', 'Sec-WebSocket-Accept', 'permessage-deflate', 'IncomingMessage']
  return [...imports, ...marks.filter((mark) => text.includes(mark)), ...(text.match(/["'`]node:\w+/g) ?? [])]
}

describe('the client in a browser', () => {
  it('is one module without `ws` and without anything of Node: dist/client.min.js', () => {
    expect(foreign(readSource('dist/client.min.js'))).toEqual([])
  })

  it.each(['fairlead/client', 'fairlead/client/tabs'])(
    'is the same from a user’s bundler: %s',
    async (door) => {
      expect(foreign(await bundled(door))).toEqual([])
    },
  )

  it('weighs at most 3 KB more with tabs that share it', async () => {
    const [alone, shared] = await Promise.all(['fairlead/client', 'fairlead/client/tabs'].map(bundled))
    const weigh = (text: string) => gzipSync(text, { level: 9 }).length
    expect(weigh(shared!) - weigh(alone!)).toBeLessThanOrEqual(3 * 1024)
  })
})

/** What a user's bundler makes of one door. */
async function bundled(door: string): Promise<string> {
  const plugins = [entry(`export * from '${door}'`)]
  const bundle = await rolldown({ input: 'entry', platform: 'browser', plugins, cwd: root })
  const { output } = await bundle.generate({ format: 'esm', minify: true, codeSplitting: false })
  await bundle.close()
  return output.map((chunk) => ('code' in chunk ? chunk.code : '')).join('')
}

/** A module that stands nowhere on disk, resolved as if it stood in the repository. */
function entry(code: string) {
  const id = join(root, 'entry.js')
  return {
    name: 'entry',
    resolveId: (source: string) => (source === 'entry' ? id : undefined),
    load: (path: string) => (path === id ? code : undefined),
  }
}
