import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskLog, noTracing, withFault } from './lmdb-disk.ts'
import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** A disk that takes its time. */
export const row: CrashRow = {
  id: 'lmdb-slow-fsync',
  fault: 'fdatasync takes half a second (strace)',
  promise: 'an answer waits for the disk, nothing is shown before it is there, reads go on',
  cycles: { short: 4, full: 60 },
  missing: noTracing,
  run,
}

const delayMs = 500
/** A read that waited for the disk would have taken the whole delay. */
const readLimitMs = delayMs / 2

async function run({ cycles }: CrashOptions): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-slow-'))
  const faults: string[] = []
  const log = await DiskLog.open(join(folder, 'log'), withFault('fdatasync', `delay_enter=${delayMs * 1000}`))
  let slowest = 0
  let soonest = Number.POSITIVE_INFINITY
  try {
    for (let cycle = 0; cycle < cycles; cycle++) {
      const { n, refused, answeredAfter, shownAfter = Number.NaN, slowestRead } = await log.append()
      if (refused !== undefined) faults.push(`${n} was refused with ${refused}`)
      if (answeredAfter < delayMs) faults.push(`${n} was answered after ${answeredAfter} ms`)
      if (!(shownAfter >= delayMs)) faults.push(`${n} was shown after ${shownAfter} ms`)
      if (slowestRead > readLimitMs) faults.push(`a read took ${slowestRead} ms`)
      slowest = Math.max(slowest, slowestRead)
      soonest = Math.min(soonest, shownAfter)
    }
  } finally {
    await log.close()
    rmSync(folder, { recursive: true })
  }
  const counts = {
    appends: cycles,
    'shown after ms': Math.round(soonest),
    'slowest read ms': Math.round(slowest),
  }
  return { counts, faults }
}
