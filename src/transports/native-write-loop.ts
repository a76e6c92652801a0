import { createRequire } from 'node:module'
import type { WriteLoop } from '../hub/broadcast.ts'

/** Platforms that a package with a binary exists for. */
const packages: Readonly<Record<string, string>> = { 'linux-x64': 'fairlead-linux-x64' }

/**
 * The write loop of this platform's optional package, if it is installed. `FAIRLEAD_NATIVE=0` in the environment leaves it
 * out: everything is the same without it, and costs more.
 */
export function nativeWriteLoop(): WriteLoop | undefined {
  const name = packages[`${process.platform}-${process.arch}`]
  if (name === undefined || process.env.FAIRLEAD_NATIVE === '0') return undefined
  try {
    return createRequire(import.meta.url)(name) as WriteLoop
  } catch {
    return undefined // It is optional: not installed, or not made for this Node.
  }
}
