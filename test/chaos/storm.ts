import { type Cut, digest, planCuts } from './plan.ts'
import { ChaosProxy } from './proxy.ts'
import { startServer } from './server-process.ts'
import { Surfer } from './surfer.ts'
import { type Count, sum } from './tally.ts'

/** A run of cuts. */
export interface StormOptions {
  readonly seed: number
  /** Over all clients; each has its own line and its own share. */
  readonly cuts: number
  readonly clients: number
  /** Events a second, over all channels. */
  readonly rate: number
  readonly onProgress?: (line: string) => void
}

export interface StormResult {
  /** Names the cuts that were made: equal for equal seeds. */
  readonly digest: string
  readonly made: readonly Cut[]
  /** New connections that were answered 502. */
  readonly refused: number
  readonly published: number
  /** What the clients received, against what was published. */
  readonly events: Count
  /** What the clients sent, against what was appended. */
  readonly sends: Count
  /** Sends that were not answered with an id, resets, and clients that gave up: each must be none. */
  readonly faults: readonly string[]
  readonly seconds: number
}

const channels = ['feed/0', 'feed/1', 'feed/2', 'feed/3', 'feed/4']
/** A run in which nothing happens for so long is over, in milliseconds. */
const patienceMs = 60_000

/** Cuts the lines of many clients while events flow, and counts what each of them saw. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const began = performance.now()
  const server = await startServer()
  const each = Math.ceil(options.cuts / options.clients)
  const surfers: Surfer[] = []
  for (let i = 0; i < options.clients; i++) {
    const share = Math.max(0, Math.min(each, options.cuts - i * each))
    const proxy = new ChaosProxy(server.port, planCuts(options.seed * 1000 + i, share))
    surfers.push(new Surfer(i, channels, proxy, await proxy.listen()))
  }
  server.publish(options.rate, channels)
  const progress = setInterval(() => options.onProgress?.(progressOf(surfers, options.cuts)), 5000)
  try {
    await untilStill(() => Promise.all(surfers.map(({ proxy }) => proxy.finished)), surfers)
    const last = await server.stop()
    for (const surfer of surfers) surfer.stopSending()
    await untilStill(() => Promise.all(surfers.map((surfer) => surfer.caughtUp(last))), surfers)
    const sends = await Promise.all(surfers.map((surfer) => surfer.countSends(server.port)))
    const made = surfers.flatMap(({ proxy }) => proxy.made)
    return {
      digest: digest(made),
      made,
      refused: surfers.reduce((total, { proxy }) => total + proxy.refused, 0),
      published: Object.values(last).reduce((total, n) => total + n, 0),
      events: sum(surfers.map((surfer) => surfer.countEvents(last))),
      sends: sum(sends),
      faults: surfers.flatMap(({ faults }) => faults),
      seconds: (performance.now() - began) / 1000,
    }
  } finally {
    clearInterval(progress)
    for (const surfer of surfers) await surfer.close()
    server.close()
  }
}

/** Waits for `work`; fails with the state of each client when nothing at all has happened for a while. */
async function untilStill(work: () => Promise<unknown>, surfers: readonly Surfer[]): Promise<void> {
  let pulse = 0
  let still: NodeJS.Timeout | undefined
  const stuck = new Promise<never>((_, reject) => {
    let since = Date.now()
    still = setInterval(() => {
      const now = surfers.reduce((total, surfer) => total + surfer.pulse, 0)
      if (now !== pulse) since = Date.now()
      pulse = now
      if (Date.now() - since < patienceMs) return
      reject(
        new Error(`Nothing happened any more.\n${surfers.map((surfer) => surfer.describe()).join('\n')}`),
      )
    }, 1000)
  })
  try {
    await Promise.race([work(), stuck])
  } finally {
    clearInterval(still)
  }
}

function progressOf(surfers: readonly Surfer[], cuts: number): string {
  const made = surfers.reduce((total, { proxy }) => total + proxy.made.length, 0)
  const [slowest] = [...surfers].sort((a, b) => a.proxy.made.length - b.proxy.made.length)
  return `${made} of ${cuts} cuts; slowest ${slowest?.describe()}`
}
