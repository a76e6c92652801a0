import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskLog, keptIn } from './lmdb-disk.ts'
import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** A disk that is full. */
export const row: CrashRow = {
  id: 'lmdb-disk-full',
  fault: 'the disk is full (a tmpfs of 8 MiB), then there is room again',
  promise:
    '`storage_full`, nothing acknowledged is lost, reads go on, and with room publishing goes on by itself',
  cycles: { short: 1, full: 15 },
  missing,
  run,
}

/** With room again it has to take events within so many milliseconds. */
const recoverMs = 5_000

function missing(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-mount-'))
  try {
    mount(folder)
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'a file system cannot be mounted here (that takes root)'
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function mount(folder: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'fairlead-test', folder], { stdio: 'ignore' })
}

async function run({ cycles, onProgress }: CrashOptions): Promise<CrashResult> {
  const counts = { cycles, acknowledged: 0, refused: 0, lost: 0, 'slowest recovery ms': 0 }
  const faults: string[] = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-full-'))
    mount(folder)
    try {
      await once(folder, counts, faults)
    } finally {
      execFileSync('umount', [folder])
      rmSync(folder, { recursive: true })
    }
    onProgress(
      `${cycle + 1} of ${cycles} disks, ${counts.acknowledged} acknowledged, ${counts.refused} refused`,
    )
  }
  return { counts, faults }
}

async function once(
  folder: string,
  counts: Record<'acknowledged' | 'refused' | 'lost' | 'slowest recovery ms', number>,
  faults: string[],
): Promise<void> {
  const filler = join(folder, 'filler')
  const path = join(folder, 'log')
  writeFileSync(filler, Buffer.alloc(3 * 1024 * 1024))
  const log = await DiskLog.open(path)
  const acknowledged: number[] = []
  let refused = 0
  while (refused < 20) {
    const report = await log.append(20_000)
    if (report.refused === undefined) {
      if (report.kept?.at(-1) !== report.n) faults.push(`${report.n} was acknowledged, and cannot be read`)
      acknowledged.push(report.n)
      continue
    }
    refused++
    if (report.refused !== 'storage_full') faults.push(`${report.n} was refused with ${report.refused}`)
    if (report.kept?.at(-1) !== acknowledged.at(-1)) faults.push('what was acknowledged cannot be read')
    if (acknowledged.length > 10_000) throw new Error('The disk does not fill up.')
  }
  rmSync(filler)
  const began = performance.now()
  for (let went = false; !went && performance.now() - began < recoverMs; ) {
    const report = await log.append(20_000)
    went = report.refused === undefined
    if (went) acknowledged.push(report.n)
  }
  const took = performance.now() - began
  if (took >= recoverMs) faults.push(`nothing was taken for ${Math.round(took)} ms with room again`)
  if (!log.alive) faults.push(`the process ended: ${log.said}`)
  await log.close()
  const kept = await keptIn(path)
  if (kept.join() !== acknowledged.join()) faults.push('the log does not hold exactly what was acknowledged')
  counts.acknowledged += acknowledged.length
  counts.refused += refused
  counts.lost += acknowledged.filter((n) => !kept.includes(n)).length
  counts['slowest recovery ms'] = Math.max(counts['slowest recovery ms'], Math.round(took))
}
