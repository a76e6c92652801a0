import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbLog } from '../../src/log/lmdb.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { connectHastily } from '../chaos/hasty-client.ts'
import { bundle, ended, start } from './lmdb-bundle.ts'
import type { KillReport } from './lmdb-process.ts'
import type { CrashOptions, CrashResult, CrashRow } from './row.ts'

/** `kill -9` in the middle of publishing. */
export const row: CrashRow = {
  id: 'lmdb-kill',
  fault: '`kill -9` of a server on LMDB in the middle of publishing',
  promise: 'no acknowledged event is lost, no offset is used twice, readers see each event once, in order',
  cycles: { short: 20, full: 500 },
  run,
}

const channels = ['orders/0', 'orders/1', 'orders/2']
/** The number of the last event of the first channel; those of the others follow it. */
const closing = 1_000_000_000
/** A server that does not listen by then is a fault, in milliseconds. */
const patienceMs = 30_000

async function run({ seed, cycles, onProgress }: CrashOptions): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-kill-'))
  const path = join(folder, 'log')
  const random = seededRandom(seed)
  const acknowledged = new Map<string, number>()
  try {
    const first = await serve(path, 0, 0, acknowledged)
    const reader = new Reader(first.port)
    await first.kill(0)
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const server = await serve(path, first.port, cycle * 1_000_000, acknowledged)
      await server.kill(20 + random() * 120)
      if (cycle % 50 === 0) onProgress(`${cycle} of ${cycles} kills, ${acknowledged.size} acknowledged`)
    }
    // One more, so that the reader sees the rest, also what was kept and never acknowledged: it comes before these.
    const last = await serve(path, first.port, closing, acknowledged, channels.length)
    await reader.caughtUp()
    await last.kill(0)
    reader.close()
    return await judge(path, cycles, acknowledged, reader)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Server {
  readonly port: number
  /** Kills it after so many milliseconds. */
  kill(afterMs: number): Promise<void>
}

/** It publishes numbers from `from` on, without an end or so many of them; none if `from` is 0. */
async function serve(
  path: string,
  port: number,
  from: number,
  seen: Map<string, number>,
  count = Number.POSITIVE_INFINITY,
): Promise<Server> {
  const child = start(await bundle('lmdb-process.ts'), [path, `${port}`, `${from}`, `${count}`])
  let said = ''
  child.stderr!.on('data', (chunk) => (said += chunk))
  const listening = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The server does not listen: ${said}`)), patienceMs)
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}: ${said}`)))
    child.on('message', (report: KillReport) => {
      if (report.is === 'acknowledged') for (const [n, id] of report.events) seen.set(id, n)
      else {
        clearTimeout(timer)
        resolve(report.port)
      }
    })
  })
  return {
    port: listening,
    async kill(afterMs) {
      await new Promise((resolve) => setTimeout(resolve, afterMs))
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
      await ended(child)
    },
  }
}

/** A reader that stays over all restarts. */
class Reader {
  readonly seen = new Map<string, number>()
  readonly faults: string[] = []
  resets = 0
  #last = new Map<string, number>()
  readonly #client: ReturnType<typeof connectHastily>

  constructor(port: number) {
    this.#client = connectHastily(`http://127.0.0.1:${port}/live`, ['sse', 'websocket', 'long-poll'])
    for (const channel of channels) {
      const open = this.#client.channel(channel, { after: 'earliest' })
      open.on('tick', (data, { id }) => this.#take(channel, id!, (data as { n: number }).n))
      open.onReset(() => this.resets++)
    }
  }

  #take(channel: string, id: string, n: number): void {
    const offset = offsetOf(id)
    const last = this.#last.get(channel) ?? 0
    if (offset <= last) this.faults.push(`${channel}: ${offset} came after ${last}`)
    this.#last.set(channel, offset)
    this.seen.set(id, n)
  }

  /** Each channel comes in order: who has its last event has all. What is missing is told by the verdict. */
  async caughtUp(): Promise<void> {
    for (const began = performance.now(); performance.now() - began < patienceMs; ) {
      if ([...this.seen.values()].filter((n) => n >= closing).length === channels.length) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  close(): void {
    this.#client.close()
  }
}

async function judge(
  path: string,
  kills: number,
  acknowledged: ReadonlyMap<string, number>,
  reader: Reader,
): Promise<CrashResult> {
  const kept = await everything(path)
  const differ = (of: ReadonlyMap<string, number>) => [...of].filter(([id, n]) => kept.get(id) !== n)
  const lost = differ(acknowledged)
  const shown = differ(reader.seen)
  const missed = [...kept.keys()].filter((id) => !reader.seen.has(id))
  const faults = [
    ...reader.faults,
    ...lost.map(([id, n]) => `${n} was acknowledged as ${id}, where the log has ${kept.get(id)}`),
    ...shown.map(([id, n]) => `${n} was shown as ${id}, where the log has ${kept.get(id)}`),
    ...missed.map((id) => `${id} was not seen by the reader`),
    ...(reader.resets > 0 ? [`the reader was reset ${reader.resets} times, and nothing was lost`] : []),
  ]
  const counts = {
    kills,
    acknowledged: acknowledged.size,
    kept: kept.size,
    lost: lost.length,
    reused: shown.length,
    missed: missed.length,
  }
  return { counts, faults }
}

/** What the log holds: the number of each event by its id. */
async function everything(path: string): Promise<Map<string, number>> {
  const log = lmdbLog({ path })
  const kept = new Map<string, number>()
  const { epoch } = await log.head()
  for (let after = 0, more = true; more; ) {
    const from = channels.map((channel) => ({ channel, after }))
    const page = await log.read(from, { events: 1_000, bytes: 1024 ** 2 })
    for (const { offset, payload } of page.events) {
      kept.set(`${epoch}.${offset}`, (JSON.parse(String(payload)) as { n: number }).n)
    }
    after = page.reached
    more = page.more
  }
  await log.close()
  return kept
}

const offsetOf = (id: string): number => Number(id.slice(id.indexOf('.') + 1))
