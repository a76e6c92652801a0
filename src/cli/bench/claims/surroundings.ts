import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

/** What figures were taken on: no name of a host, no path. */
export interface Surroundings {
  readonly cpu: string
  /** That this process may use. */
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  readonly versions: Readonly<Record<string, string>>
  /** Processes that wanted to run, averaged over a minute, before the first experiment. */
  readonly loadBefore: number
}

/** A load above this is other work, which figures of time and CPU show. */
export const quietLoad = 0.3

/** Describes this machine as it is now: to be called before anything is started. */
export function describeSurroundings(): Surroundings {
  const [first] = cpus()
  return {
    cpu: first?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${/^\d+\.\d+/.exec(release())?.[0] ?? ''}`,
    versions: { node: process.versions.node, ...versions() },
    loadBefore: loadavg()[0] ?? 0,
  }
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  return {
    fairlead: versionIn(new URL('../../../../package.json', import.meta.url)),
    ws: versionIn(manifestOf(require)),
  }
}

/** `ws` does not export its manifest to all; it stands beside its entry. */
function manifestOf(require: NodeJS.Require): URL {
  return new URL('package.json', `file://${require.resolve('ws')}`)
}

function versionIn(manifest: URL): string {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
  } catch {
    return 'unknown'
  }
}
