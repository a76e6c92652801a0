import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../src/testing/clock.ts'
import { DiskLog, keptIn, noTracing, withFault } from './lmdb-disk.ts'
import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** A disk that answers a flush with an error. */
export const row: CrashRow = {
  id: 'lmdb-fsync-error',
  fault: 'fdatasync, or in turn a write, fails with EIO (strace)',
  promise:
    'nothing is acknowledged or shown any more, publishing stops with a clear error, reads go on (after a failed write they may be refused)',
  cycles: { short: 2, full: 20 },
  missing: noTracing,
  run,
}

const appendsAfter = 5

async function run({ seed, cycles, onProgress }: CrashOptions): Promise<CrashResult> {
  const random = seededRandom(seed)
  const counts = { cycles, acknowledged: 0, refused: 0, shown: 0, lost: 0, 'reads refused': 0 }
  const faults: string[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-eio-'))
    // LMDB counts threads, and strace counts for each of them.
    const call = cycle % 2 === 0 ? 'fdatasync' : 'pwrite64'
    const when = call === 'fdatasync' ? 14 + Math.floor(random() * 6) : 90 + Math.floor(random() * 60)
    try {
      await once(join(folder, 'log'), withFault(call, `error=EIO:when=${when}+`), counts, faults)
    } finally {
      rmSync(folder, { recursive: true })
    }
    onProgress(`${cycle + 1} of ${cycles} disks, ${counts.acknowledged} acknowledged before they failed`)
  }
  return { counts, faults }
}

async function once(
  path: string,
  before: readonly string[],
  counts: Record<'acknowledged' | 'refused' | 'shown' | 'lost' | 'reads refused', number>,
  faults: string[],
): Promise<void> {
  const log = await DiskLog.open(path, before)
  const acknowledged: number[] = []
  const refused: number[] = []
  let kept: readonly number[] | undefined
  while (refused.length < appendsAfter && acknowledged.length < 1_000) {
    const report = await log.append()
    if (report.refused === undefined) {
      if (refused.length > 0) faults.push(`${report.n} was acknowledged after the disk had failed`)
      acknowledged.push(report.n)
    } else {
      if (report.refused !== 'unavailable') faults.push(`${report.n} was refused with ${report.refused}`)
      if (report.shownAfter !== undefined) faults.push(`${report.n} was refused, and shown`)
      refused.push(report.n)
    }
    kept = report.kept
    if (kept === undefined) counts['reads refused']++
  }
  if (refused.length === 0) faults.push('the disk never failed')
  const mayRefuse = before.some((word) => word.includes('pwrite64'))
  if (kept) faults.push(...compare('while it failed', kept, acknowledged.slice(-50)))
  else if (!mayRefuse) faults.push('the log could not be read')
  await log.close()
  const after = await keptIn(path)
  faults.push(...compare('after a restart', after, acknowledged))
  counts.acknowledged += acknowledged.length
  counts.refused += refused.length
  counts.shown += after.filter((n) => refused.includes(n)).length
  counts.lost += acknowledged.filter((n) => !after.includes(n)).length
}

function compare(when: string, kept: readonly number[], acknowledged: readonly number[]): string[] {
  return kept.join() === acknowledged.join()
    ? []
    : [`${when} the log holds ${kept.join()}, not ${acknowledged.join()}`]
}
