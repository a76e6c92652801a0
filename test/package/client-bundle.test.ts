import { join } from 'node:path'
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

  it('is the same from a user’s bundler', async () => {
    const bundle = await rolldown({
      input: 'entry',
      platform: 'browser',
      plugins: [entry("export * from 'fairlead/client'")],
      cwd: root,
    })
    const { output } = await bundle.generate({ format: 'esm' })
    await bundle.close()
    expect(output.flatMap((chunk) => ('code' in chunk ? foreign(chunk.code) : []))).toEqual([])
  })
})

/** A module that stands nowhere on disk, resolved as if it stood in the repository. */
function entry(code: string) {
  const id = join(root, 'entry.js')
  return {
    name: 'entry',
    resolveId: (source: string) => (source === 'entry' ? id : undefined),
    load: (path: string) => (path === id ? code : undefined),
  }
}
