import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbLog } from '../../src/log/lmdb.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { bundle, ended, start } from './lmdb-bundle.ts'
import type { DamageReport } from './lmdb-damage-process.ts'
import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** A file that is not what was written. */
export const row: CrashRow = {
  id: 'lmdb-damage',
  fault:
    'a bit of the file is flipped, or (every sixth) its end is gone; after a close, and in turn after a `kill -9`',
  promise: 'it is refused, or reads are, or all is as it was: no wrong byte is served, no file deleted',
  cycles: { short: 60, full: 1_200 },
  run,
}

interface Counts {
  damages: number
  refused: number
  harmless: number
  'process ended': number
  wrong: number
  deleted: number
}

async function run({ seed, cycles, onProgress }: CrashOptions): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-damage-'))
  const random = seededRandom(seed)
  const counts: Counts = {
    damages: cycles,
    refused: 0,
    harmless: 0,
    'process ended': 0,
    wrong: 0,
    deleted: 0,
  }
  const faults: string[] = []
  const opener = new Opener()
  try {
    const origin = join(folder, 'origin')
    await fill(origin)
    const copy = join(folder, 'copy')
    cpSync(origin, copy, { recursive: true })
    const whole = await opener.open(copy)
    if (!whole || !('read' in whole)) throw new Error(`The whole file is not read: ${whole?.refused}`)
    for (let i = 0; i < cycles; i++) {
      rmSync(copy, { recursive: true })
      cpSync(origin, copy, { recursive: true })
      // Only what was closed has a checksum of the whole file.
      if (i % 2 === 1) forgetClosing(copy)
      const what = i % 6 === 5 ? cut(copy, random) : flip(copy, random)
      const size = statSync(join(copy, 'data.mdb')).size
      const found = await opener.open(copy)
      if (found === undefined) counts['process ended']++
      else if ('refused' in found) counts.refused++
      else if (found.read === whole.read) counts.harmless++
      else {
        counts.wrong++
        faults.push(`${what}: what is read is not what was written`)
      }
      if (!existsSync(join(copy, 'data.mdb')) || statSync(join(copy, 'data.mdb')).size < size) {
        counts.deleted++
        faults.push(`${what}: the file was deleted, or cut`)
      }
      if ((i + 1) % 100 === 0) onProgress(`${i + 1} of ${cycles} damages, ${counts.refused} refused`)
    }
  } finally {
    await opener.close()
    rmSync(folder, { recursive: true })
  }
  return { counts: { ...counts }, faults }
}

/** A log with channels of all kinds: trimmed, emptied, large events, bytes, keys. */
async function fill(path: string): Promise<void> {
  const log = lmdbLog({ path, events: 600 })
  for (let i = 0; i < 100; i++) {
    await Promise.all(
      Array.from({ length: 8 }, (_, k) => {
        const channel = `c${(i * 7 + k) % 12}`
        const payload = k === 3 ? new Uint8Array(i * 40) : JSON.stringify({ i, k, text: 'x'.repeat(i) })
        const retention = channel === 'c5' ? { count: 3 } : undefined
        return log.append({ channel, event: 'tick', payload, tag: `${i}` }, { retention, key: `${i} ${k}` })
      }),
    )
  }
  await log.close()
}

/** As if the process had been killed. */
function forgetClosing(path: string): void {
  const file = join(path, 'place.json')
  const { closed: _closed, checksum: _checksum, ...note } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, JSON.stringify(note))
}

function flip(path: string, random: () => number): string {
  const file = join(path, 'data.mdb')
  const bytes = readFileSync(file)
  const at = Math.floor(random() * bytes.length)
  const bit = Math.floor(random() * 8)
  bytes[at]! ^= 1 << bit
  writeFileSync(file, bytes)
  return `bit ${bit} of byte ${at} flipped`
}

function cut(path: string, random: () => number): string {
  const file = join(path, 'data.mdb')
  const length = Math.floor(random() * statSync(file).size)
  truncateSync(file, length)
  return `cut to ${length} bytes`
}

/** Opens logs in a process of its own: LMDB may take one along. */
class Opener {
  #child: ReturnType<typeof start> | undefined

  /** What was read of a log, or why it was not; `undefined` when the process ended. */
  async open(path: string): Promise<DamageReport | undefined> {
    const child = this.#child ?? (await this.#start())
    return new Promise((resolve) => {
      const onExit = (): void => {
        this.#child = undefined
        resolve(undefined)
      }
      // What reads for ever has been damaged, too.
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      child.once('exit', onExit)
      child.once('message', (report: DamageReport) => {
        clearTimeout(timer)
        child.off('exit', onExit)
        resolve(report)
      })
      child.send(path)
    })
  }

  async close(): Promise<void> {
    this.#child?.disconnect()
    if (this.#child) await ended(this.#child)
  }

  async #start(): Promise<ReturnType<typeof start>> {
    const child = start(await bundle('lmdb-damage-process.ts'), [])
    child.stderr!.resume()
    await new Promise((resolve) => child.once('message', resolve))
    this.#child = child
    return child
  }
}
