import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError, loadConfigFile } from '../../src/config/index.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-config-'))
})

afterEach(() => rm(folder, { recursive: true }))

describe('loadConfigFile', () => {
  it('finds nothing in an empty folder', async () => {
    expect(await loadConfigFile(folder)).toBeUndefined()
  })

  it('finds and reads JSON', async () => {
    await writeFile(join(folder, 'fairlead.config.json'), '{"port": 1}')
    expect(await loadConfigFile(folder)).toEqual({ path: 'fairlead.config.json', values: { port: 1 } })
  })

  it('finds and reads a module', async () => {
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'fairlead.config.js'), 'export default { port: 1 + 1 }')
    expect(await loadConfigFile(folder)).toEqual({ path: 'fairlead.config.js', values: { port: 2 } })
  })

  it('reads the path that is given instead', async () => {
    await writeFile(join(folder, 'fairlead.config.json'), '{"port": 1}')
    await writeFile(join(folder, 'other.mjs'), 'export default { port: 3 }')
    expect(await loadConfigFile(folder, 'other.mjs')).toEqual({ path: 'other.mjs', values: { port: 3 } })
  })

  it('does not choose between two', async () => {
    await writeFile(join(folder, 'fairlead.config.json'), '{}')
    await writeFile(join(folder, 'fairlead.config.js'), 'export default {}')
    await expect(loadConfigFile(folder)).rejects.toThrow(
      'Both fairlead.config.js and fairlead.config.json are here.',
    )
  })

  it.each([
    ['missing.js', undefined, 'There is no configuration at missing.js.'],
    ['a.json', '{', 'a.json is not JSON'],
    ['b.json', '[]', 'b.json must hold an object.'],
    ['c.mjs', 'export const port = 1', 'c.mjs has no default export: write "export default defineConfig('],
    ['d.mjs', 'throw new Error("no database")', 'd.mjs could not be loaded: no database'],
    ['e.mjs', 'export default 7', 'e.mjs must export as default an object.'],
    ['f.ts', 'export default {}', 'f.ts must be a .js or .json file'],
  ])('says what is wrong with %s', async (name, text, message) => {
    if (text !== undefined) await writeFile(join(folder, name), text)
    await expect(loadConfigFile(folder, name)).rejects.toThrow(ConfigError)
    await expect(loadConfigFile(folder, name)).rejects.toThrow(message)
  })
})
