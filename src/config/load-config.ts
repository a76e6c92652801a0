import { access, readFile } from 'node:fs/promises'
import { extname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from './config-error.ts'

/** A configuration as a file holds it, unchecked. */
export interface ConfigFile {
  /** The path, relative to the folder that was searched. */
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
}

const searched = ['fairlead.config.js', 'fairlead.config.json']

/**
 * Reads the configuration at `path`, or the one that stands in `folder`; `undefined` when there is none. Throws
 * `ConfigError` on a path that does not exist, two configurations in one folder, and a file that cannot be read.
 */
export async function loadConfigFile(folder: string, path?: string): Promise<ConfigFile | undefined> {
  const found = path === undefined ? await search(folder) : resolve(folder, path)
  if (found === undefined) return undefined
  const shown = relative(folder, found)
  if (!(await exists(found))) {
    throw new ConfigError(
      `There is no configuration at ${shown}. Give the path of a .js or .json file, or none for development mode.`,
    )
  }
  const values = await (extname(found) === '.json' ? readJson(found, shown) : readModule(found, shown))
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new ConfigError(
      `${shown} must ${extname(found) === '.json' ? 'hold' : 'export as default'} an object.`,
    )
  }
  return { path: shown, values: values as Record<string, unknown> }
}

async function search(folder: string): Promise<string | undefined> {
  const found: string[] = []
  for (const name of searched) {
    if (await exists(join(folder, name))) found.push(name)
  }
  if (found.length > 1) {
    throw new ConfigError(`Both ${found.join(' and ')} are here. Name the one to use, or remove the other.`)
  }
  return found[0] === undefined ? undefined : join(folder, found[0])
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

async function readJson(path: string, shown: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ConfigError(`${shown} is not JSON: ${messageOf(cause)}.`, { cause })
  }
}

async function readModule(path: string, shown: string): Promise<unknown> {
  if (!['.js', '.mjs', '.cjs'].includes(extname(path))) {
    throw new ConfigError(`${shown} must be a .js or .json file; TypeScript is compiled first.`)
  }
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(path).href)
  } catch (cause) {
    throw new ConfigError(`${shown} could not be loaded: ${messageOf(cause)}`, { cause })
  }
  if (!('default' in module)) {
    throw new ConfigError(`${shown} has no default export: write "export default defineConfig({ … })".`)
  }
  return module.default
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
