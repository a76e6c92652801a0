import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { type Clock, systemClock } from '../../src/hub/clock.ts'
import { lmdbLog } from '../../src/log/lmdb.ts'
import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** Many events that are too old at once. */
export const row: CrashRow = {
  id: 'lmdb-trim',
  fault: 'a thousand events a cycle on LMDB, all of them too old at once, while others are published',
  promise: 'the gap is told at once; they are let go without a pause of the event loop above 20 ms',
  cycles: { short: 20, full: 1_000 },
  run,
}

const dayMs = 24 * 60 * 60_000
/** A pause above it is a fault, unless a thread that does nothing was kept waiting about as long: then it was the machine. */
const limitMs = 20
const channels = 50

async function run({ cycles, onProgress }: CrashOptions): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-trim-'))
  let ahead = 0
  const clock: Clock = { ...systemClock, now: () => Date.now() + ahead }
  const faults: string[] = []
  const log = lmdbLog({ path: folder, bytes: 4 * 1024 ** 3, clock })
  try {
    for (let tries = 1; ; tries++) {
      for (let cycle = 1; cycle <= cycles; cycle++) {
        await publish(log, 1_000)
        if (cycle % 100 === 0) onProgress(`${cycle * 1_000} events kept`)
      }
      const began = performance.now()
      const delay = monitorEventLoopDelay({ resolution: 1 })
      const idle = new Worker(idleThread, { eval: true })
      await once(idle, 'online')
      delay.enable()
      ahead += dayMs + 60_000
      const page = await log.read([{ channel: 'c0', after: 0 }], { events: 10, bytes: 1_000 })
      if (page.gaps.length !== 1) faults.push('what is too old was not told as a gap at once')
      const published = await publishUntilDone(log, join(folder, 'data.mdb'))
      delay.disable()
      const byItself = await longestOf(idle)
      const seconds = (performance.now() - began) / 1_000
      const longest = delay.max / 1e6
      const stoodStill = longest > limitMs + 2 * byItself
      // On a machine that has so much else to do that nothing can be said, once more.
      if (stoodStill && byItself > limitMs / 2 && tries < 4) continue
      if (stoodStill) faults.push(`the event loop stood still for ${Math.round(longest)} ms`)
      const counts = {
        'let go': cycles * 1_000,
        'published meanwhile': published,
        seconds: Math.round(seconds),
        'longest pause ms': Math.round(longest),
        'of an idle thread ms': Math.round(byItself),
        'p99.9 ms': Math.round(delay.percentile(99.9) / 1e6),
      }
      return { counts, faults }
    }
  } finally {
    await log.close()
    rmSync(folder, { recursive: true })
  }
}

/** How long the machine keeps a thread waiting that does nothing. */
const idleThread = `
  const { parentPort } = require('node:worker_threads')
  const delay = require('node:perf_hooks').monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  parentPort.once('message', () => parentPort.postMessage(delay.max / 1e6))
`

async function longestOf(thread: Worker): Promise<number> {
  thread.postMessage('tell')
  const [longest] = (await once(thread, 'message')) as [number]
  await thread.terminate()
  return longest
}

async function publish(log: ChannelLog, count: number): Promise<void> {
  const payload = JSON.stringify({ text: 'x'.repeat(100) })
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      log.append({ channel: `c${i % channels}`, event: 'tick', payload }),
    ),
  )
}

/** Publishes now and then, until the file stays as it is in between. */
async function publishUntilDone(log: ChannelLog, file: string): Promise<number> {
  const changedAt = () => statSync(file, { bigint: true }).ctimeNs
  for (let published = 1; ; published++) {
    await log.append({ channel: 'now', event: 'tick', payload: '0' })
    await pause(50)
    const before = changedAt()
    await pause(published < 20 ? 100 : 400)
    if (published > 20 && changedAt() === before) return published
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
