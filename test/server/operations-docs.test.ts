import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { filesBelow, readSource, root } from '../support/source-files.ts'

const pages = ['docs/security-model.md', 'docs/running-in-production.md', 'examples/grafana/README.md']

/** What a block that stands for a line or two of a larger program goes without. */
const before = `import { createServer, defineChannels } from 'fairlead'
const channels = defineChannels({})
`

function blocksOf(page: string): string[] {
  return [...readSource(page).matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => {
    if (code.includes('import ')) return code
    return `${before}${code.includes('await server.') ? 'const server = createServer()\n' : ''}${code}`
  })
}

describe('the pages for those who run a server', () => {
  it('show code that the compiler takes', () => {
    mkdirSync(join(root, '.tmp'), { recursive: true })
    const folder = mkdtempSync(join(root, '.tmp/docs-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const blocks = pages.flatMap(blocksOf)
    expect(blocks.length).toBeGreaterThanOrEqual(7)
    for (const [i, code] of blocks.entries()) {
      const text = code.replaceAll("from 'fairlead'", "from '../../src/index.ts'")
      writeFileSync(join(folder, `block${i}.ts`), `${text}\nexport {}\n`)
    }
    const compilerOptions = { noUnusedLocals: false }
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  }, 60_000)

  it('name every kind of line that there is', () => {
    const written = ['src/hub', 'src/server']
      .flatMap(filesBelow)
      .flatMap((path) => [...readSource(path).matchAll(/\bevent: '([a-z_]+)'/g)].map(([, kind = '']) => kind))
    expect(written.length).toBeGreaterThan(10)
    const text = readSource('docs/running-in-production.md')
    expect([...new Set(written)].filter((kind) => !text.includes(`\`${kind}\``))).toEqual([])
  })
})
