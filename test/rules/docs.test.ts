import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filesBelow, readSource } from '../support/source-files.ts'
import { rooms } from './rooms.ts'

const all = filesBelow('.')
const folders = new Set(all.flatMap(parents))
const documents = all.filter((path) => /^([A-Z]+\.md|docs\/.*\.md|examples\/.*\.md)$/.test(path))
/** The documents that lead a newcomer through the tree: what they name must be there. */
const maps = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md']

function parents(path: string): string[] {
  const folder = posix.dirname(path)
  return folder === '.' ? [] : [folder, ...parents(folder)]
}

/** Whether a path from the root is there; `*` and `NAME` stand for any part of a name. */
function exists(path: string): boolean {
  const bare = path.replace(/^\.\//, '').replace(/\/$/, '').replace('NAME', '*')
  if (!bare.includes('*')) return all.includes(bare) || folders.has(bare)
  const pattern = bare.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '[^/]*')
  return [...all, ...folders].some((one) => new RegExp(`^${pattern}$`).test(one))
}

/** What stands between single backticks, code blocks left out. */
function codeSpans(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
}

/** What stands in code blocks and between backticks. */
function codeOf(text: string): string {
  return [...codeSpans(text), ...(text.match(/^```[\s\S]*?^```/gm) ?? [])].join('\n')
}

describe('documents', () => {
  it.each(documents)('%s links only to what is there', (document) => {
    const targets = [...readSource(document).matchAll(/\]\(([^)#\s]+)(#[^)\s]*)?\)/g)].map(
      ([, to = '']) => to,
    )
    const relative = targets.filter((to) => !/^[a-z]+:/.test(to))
    const broken = relative.filter((to) => !exists(posix.normalize(posix.join(posix.dirname(document), to))))
    expect(broken).toEqual([])
  })

  it.each(maps)('%s names only paths that are there', (map) => {
    const paths = codeSpans(readSource(map)).filter(looksLikePath)
    expect(paths.filter((path) => !exists(path) && !exists(`src/${path}`))).toEqual([])
  })

  it('ARCHITECTURE.md has every room of src/', () => {
    const text = readSource('ARCHITECTURE.md')
    expect(
      Object.keys(rooms).filter((room) => folders.has(`src/${room}`) && !text.includes(`\`${room}/\``)),
    ).toEqual([])
  })
})

/** `src/hub/`, `test/*`, `vitest.config.ts`, `hub/`: not a URL's path, not a name such as `chat/*`. */
function looksLikePath(span: string): boolean {
  if (/^[\w.-]+\.(md|json|mjs|config\.ts)$/.test(span)) return true
  if (/^(\.ci|bin|docs|examples|scripts|src|test)\/[\w./*-]*$/.test(span)) return true
  return /^[\w-]+\/$/.test(span)
}

describe('commands', () => {
  const { scripts } = JSON.parse(readSource('package.json')) as { scripts: Record<string, string> }
  const built = new Set(['ci', 'install', 'pack', 'exec'])

  it.each(documents)('%s names only npm scripts that are there', (document) => {
    const named = [...codeOf(readSource(document)).matchAll(/\bnpm (?:run (?:-s )?)?([a-z][\w:-]*)/g)].map(
      ([, name = '']) => name,
    )
    expect(named.filter((name) => !built.has(name) && !(name in scripts))).toEqual([])
  })

  it('CONTRIBUTING.md explains every script', () => {
    const text = readSource('CONTRIBUTING.md')
    const names = Object.keys(scripts).filter((name) => name !== 'prepare')
    expect(names.filter((name) => !new RegExp(`npm (run )?${name}\\b`).test(text))).toEqual([])
  })

  it('runs in CI what README.md says and every check', () => {
    const ci = readSource('.ci/run')
    for (const command of ['npm ci', 'npm run -s setup', 'npm test', 'npm run -s check'])
      expect(ci).toContain(command)
  })
})
