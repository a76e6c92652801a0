import { writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { WriteLoop } from '../hub/broadcast.ts'

/** Platforms that a package with a binary exists for. */
const packages: Readonly<Record<string, string>> = { 'linux-x64': 'fairlead-linux-x64' }

/**
 * The write loop of this platform: its optional package's, if it is installed, else the plain one. `FAIRLEAD_WRITE_LOOP` in the
 * environment says `plain` for that one, or `none`: each socket is written to by Node. Everything is the same with each of them;
 * they differ in what it costs.
 */
export function writeLoop(): WriteLoop | undefined {
  const asked = process.env.FAIRLEAD_WRITE_LOOP
  if (asked === 'none' || process.platform === 'win32') return undefined // Its sockets have no descriptors.
  return asked === 'plain' ? plainWriteLoop : (nativeWriteLoop() ?? plainWriteLoop)
}

function nativeWriteLoop(): WriteLoop | undefined {
  const name = packages[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    return createRequire(import.meta.url)(name) as WriteLoop
  } catch {
    return undefined // It is optional: not installed, or not made for this Node.
  }
}

/**
 * `write(2)` to each socket past Node's streams, which take longer over a write than the rest of a delivery does. Node's
 * sockets never block, so neither does this.
 */
const plainWriteLoop: WriteLoop = {
  broadcast(descriptors, count, bytes, left) {
    let incomplete = 0
    for (let i = 0; i < count; i++) {
      const sent = write(descriptors[i]!, bytes)
      if (sent === bytes.length) continue
      left[incomplete * 2] = i
      left[incomplete * 2 + 1] = sent
      incomplete++
    }
    return incomplete
  },
}

/** How many bytes a socket took: none where it takes none now, or failed. Whoever writes the rest meets the error. */
function write(descriptor: number, bytes: Uint8Array): number {
  try {
    return writeSync(descriptor, bytes)
  } catch {
    return 0
  }
}
