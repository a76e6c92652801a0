import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

const notOurs = new Set(['node_modules', 'dist', 'dist-next', 'dist-old', '.git', '.tmp', 'coverage'])

/** Every file below a folder of the repository, as paths from the root with `/`, sorted. */
export function filesBelow(folder: string): string[] {
  const found: string[] = []
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (notOurs.has(entry.name)) continue
      const inner = join(path, entry.name)
      if (entry.isDirectory()) walk(inner)
      else found.push(relative(root, inner).replaceAll('\\', '/'))
    }
  }
  walk(join(root, folder))
  return found.sort()
}

/** The text of a file, named from the root. */
export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Lines as an editor counts them: a last line break opens no line. */
export function countLines(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}
