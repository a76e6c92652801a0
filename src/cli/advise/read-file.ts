import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { UsageError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

/** Reads a file of YAML or JSON. Throws `UsageError`, with the line of a mistake in it. */
export async function readData(path: string, { cwd }: Pick<Terminal, 'cwd'>): Promise<unknown> {
  const text = await readFile(resolve(cwd, path), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`The file ${path} cannot be read: ${error.code ?? error.message}.`)
  })
  return /\.ya?ml$/i.test(path) ? parseYaml(path, text) : parseJson(path, text)
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${path} is no JSON: ${(error as Error).message}. A file of YAML ends in .yaml.`)
  }
}

async function parseYaml(path: string, text: string): Promise<unknown> {
  const { parseDocument } = await import('yaml').catch(() => {
    throw new UsageError(`${path} is YAML, which needs the package yaml (npm install yaml); JSON needs none.`)
  })
  const document = parseDocument(text)
  const [problem] = document.errors
  if (problem) throw new UsageError(`${path}: ${problem.message}`)
  return document.toJS() as unknown
}

/** Runs `read`; what it finds wrong with the content of a file (`TypeError`) is the person's to mend. */
export function checked<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${path}: ${error.message}`)
    throw error
  }
}
