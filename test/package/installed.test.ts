import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSource, root } from '../support/source-files.ts'
import { type Consumer, installPacked } from './consumer.ts'

/** door → its run-time names, from the listing that test/rules/public-names.test.ts keeps true to the source. */
const doors = new Map(
  readSource('test/rules/public-names.txt')
    .trim()
    .split('\n\n')
    .map((block) => {
      const [door = '', ...names] = block.split('\n').map((line) => line.trim())
      return [door, names.filter((name) => !name.startsWith('type '))]
    }),
)

let consumer: Consumer
beforeAll(async () => {
  consumer = await installPacked()
}, 60_000)
afterAll(() => consumer?.remove())

describe('the package as it is published', () => {
  it('holds the build, its sources, its documents, and nothing else', () => {
    const tops = [...new Set(consumer.files.map((path) => path.split('/')[0]))]
    expect(tops).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'PROTOCOL.md',
      'README.md',
      'bin',
      'dist',
      'package.json',
      'src',
    ])
    expect(consumer.files.filter((path) => /\.test\.|tsbuildinfo|node_modules/.test(path))).toEqual([])
  })

  it('needs no optional package to be imported, but for the log that is built on it', async () => {
    const without = [...doors.keys()].filter((door) => door !== 'fairlead/log/lmdb')
    const text = without.map((door) => `await import('${door}')`).join('\n')
    await consumer.runModule('without.mjs', text)
    const lmdb = consumer.runModule('lmdb.mjs', "await import('fairlead/log/lmdb')")
    await expect(lmdb).rejects.toThrow("Cannot find package 'lmdb'")
    await consumer.addPeers()
  })

  it.each([...doors])('gives its names to import: %s', async (door, names) => {
    const { stdout } = await consumer.runModule(
      'import.mjs',
      `import * as door from ${JSON.stringify(door)}; console.log(JSON.stringify(Object.keys(door).sort()))`,
    )
    expect(JSON.parse(stdout)).toEqual([...names].sort())
  })

  it('gives its names to require, which reads ES modules in every Node we support', async () => {
    const wanted = JSON.stringify([...doors.keys()])
    const { stdout } = await consumer.runModule(
      'require.cjs',
      `console.log(JSON.stringify(${wanted}.map((door) => Object.keys(require(door)).length)))`,
    )
    expect(JSON.parse(stdout)).toEqual([...doors.values()].map((names) => names.length))
  })

  it('has no other door', async () => {
    const reach = consumer.runModule('reach.mjs', "await import('fairlead/dist/hub/hub.js')")
    await expect(reach).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  it('is typed for a user who checks libraries too', async () => {
    const imports = [...doors.keys()].map((door, at) => `import * as door${at} from '${door}'`)
    const uses = [...doors.keys()].map((_, at) => `door${at}`)
    await writeFile(
      join(consumer.folder, 'use.mts'),
      `${imports.join('\n')}\nexport default [${uses.join(', ')}]\n`,
    )
    await writeFile(join(consumer.folder, 'tsconfig.json'), JSON.stringify(strictConsumer))
    await symlink(join(root, 'node_modules/@types'), join(consumer.folder, 'node_modules/@types'))
    await symlink(join(root, 'node_modules/undici-types'), join(consumer.folder, 'node_modules/undici-types'))
    const checked = await consumer
      .run(process.execPath, join(root, 'node_modules/typescript/bin/tsc'), '-p', '.')
      .catch((error: { stdout: string }) => error)
    expect(checked.stdout).toBe('')
  })

  it('brings the command line', async () => {
    const { stdout } = await consumer.run(join(consumer.folder, 'node_modules/.bin/fairlead'), '--help')
    expect(stdout).toContain('fairlead serve')
  })
})

const strictConsumer = {
  compilerOptions: {
    target: 'ES2023',
    module: 'NodeNext',
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ['node'],
  },
  files: ['use.mts'],
}
