import { lmdbLog } from '../../src/log/lmdb.ts'
import { isFairleadError } from '../../src/protocol/index.ts'

/** A process with an LMDB log on a disk that fails, told what to do by its parent. Run by `lmdb-disk.ts`. */

/** From the parent. */
export interface DiskOrder {
  /** The number of the event. */
  readonly append: number
  readonly bytes: number
}

/** To the parent, after each append. */
export interface DiskReport {
  readonly n: number
  /** The code of the error; `undefined`: it was acknowledged. */
  readonly refused: string | undefined
  /** From the append to its answer, and to when it was first seen by the feed or a read; in milliseconds. */
  readonly answeredAfter: number
  readonly shownAfter: number | undefined
  /** The longest of the reads that were made meanwhile, in milliseconds, and all numbers of the log. */
  readonly slowestRead: number
  /** `undefined`: the log could not be read. */
  readonly kept: readonly number[] | undefined
}

const channel = 'disk'
const log = lmdbLog({ path: process.argv[2]! })
const shown = new Map<number, number>()
const show = (payload: unknown): void => {
  const n = numberOf(payload)
  if (!shown.has(n)) shown.set(n, performance.now())
}
const feed = log.follow({ event: (event) => show(event.payload), epoch() {}, unavailable() {} })
await feed.watch(channel)

process.on('disconnect', () => process.exit(0))
// A promise of lmdb that nobody waits for must not end a process that reads on.
process.on('unhandledRejection', (reason) => {
  console.error('unhandled rejection', reason)
  process.exit(70)
})
process.on('message', (order: DiskOrder) => void obey(order))
process.send!('ready')

async function obey({ append: n, bytes }: DiskOrder): Promise<void> {
  const began = performance.now()
  let answered = false
  const payload = `${n} ${'x'.repeat(bytes)}`
  const answer = log
    .append({ channel, event: 'tick', payload })
    .then(() => undefined)
    .catch((error: unknown) => (isFairleadError(error) ? error.code : String(error)))
    .finally(() => (answered = true))
  const slowestRead = await readUntil(() => answered)
  const answeredAfter = performance.now() - began
  const refused = await answer
  const at = shown.get(n)
  const report: DiskReport = {
    n,
    refused,
    answeredAfter,
    shownAfter: at === undefined ? undefined : at - began,
    slowestRead,
    kept: await readAll().catch(asUnavailable),
  }
  process.send!(report)
}

async function readUntil(ended: () => boolean): Promise<number> {
  let slowest = 0
  while (!ended()) {
    const began = performance.now()
    await readAll().catch(asUnavailable)
    slowest = Math.max(slowest, performance.now() - began)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return slowest
}

async function readAll(): Promise<number[]> {
  const { newest } = await log.channelHead(channel, 50)
  const page = await log.read([{ channel, after: newest }], { events: 1_000, bytes: 64 * 1024 ** 2 })
  for (const { payload } of page.events) show(payload)
  return page.events.map(({ payload }) => numberOf(payload))
}

function numberOf(payload: unknown): number {
  return Number.parseInt(String(payload), 10)
}

function asUnavailable(error: unknown): undefined {
  if (!isFairleadError(error) || error.code !== 'unavailable') throw error
}
