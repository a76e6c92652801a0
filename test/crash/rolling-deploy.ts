import { findTool } from '../../scripts/external-tools.mjs'
import { type Count, sum } from '../chaos/tally.ts'
import { type Fleet, startBehindHaproxy } from '../proxy/fleet.ts'
import { missing, type SharedLogKind, sharedLogs } from '../proxy/logs.ts'
import { pause, whileItMoves } from '../proxy/patience.ts'
import { NumberedReader } from '../proxy/readers.ts'
import { NumberedSenders, transports } from '../proxy/senders.ts'
import type { CrashRow } from './row.ts'

/** Sends a second: of a deploy as the issue has it, and of the short one, which runs beside other tests. */
const rates = { full: 1000, short: 200 }
/** A channel for each sender, four on each transport. */
const channels = Array.from({ length: 12 }, (_, i) => `feed/${i}`)
/** So long a server is up before the next one goes, in milliseconds: HAProxy looks every second whether it is. */
const rests = { full: 1500, short: 500 }

/** Three servers restarted in turn while clients send and read through HAProxy. */
export const row: CrashRow = {
  id: 'rolling-deploy',
  fault: 'three servers behind HAProxy restarted in turn under 1,000 sends/s, on Redis and on NATS',
  promise: 'after client retry 0 failed; at the application 0 lost, 0 repeated, 0 out of order',
  cycles: { short: 1, full: 6 },
  missing: () => missing('haproxy', 'redis', 'nats'),
  async run({ cycles, onProgress }) {
    const counts = { deploys: 0, restarts: 0, perSecond: Number.POSITIVE_INFINITY, sent: 0, failed: 0 }
    const seen: Count[] = []
    const faults: string[] = []
    for (const kind of sharedLogs) {
      // The logs take turns: of an odd number Redis has one more.
      const deploys = Math.floor((cycles + (kind === sharedLogs[0] ? 1 : 0)) / 2)
      if (deploys === 0) continue
      const pace = cycles > row.cycles.short ? 'full' : 'short'
      const result = await deployOn(kind, deploys, pace, onProgress)
      counts.deploys += deploys
      counts.restarts += deploys * 3
      counts.perSecond = Math.min(counts.perSecond, Math.round(result.perSecond))
      counts.sent += result.sent
      counts.failed += result.failed
      seen.push(result.events)
      faults.push(...result.faults.map((fault) => `${kind.name}: ${fault}`))
    }
    return { counts: { ...counts, ...sum(seen) }, faults }
  },
}

interface Deployed {
  readonly perSecond: number
  readonly sent: number
  readonly failed: number
  readonly events: Count
  readonly faults: readonly string[]
}

async function deployOn(
  kind: SharedLogKind,
  deploys: number,
  pace: 'full' | 'short',
  onProgress: (line: string) => void,
): Promise<Deployed> {
  const log = await kind.start()
  try {
    const { fleet, haproxy, stop } = await startBehindHaproxy(findTool('haproxy')!, log.url, 3)
    try {
      return await deployUnderLoad(haproxy.url, fleet, deploys, pace, (line) =>
        onProgress(`${kind.name}: ${line}`),
      )
    } finally {
      await stop()
    }
  } finally {
    await log.stop()
  }
}

async function deployUnderLoad(
  url: string,
  fleet: Fleet,
  deploys: number,
  pace: 'full' | 'short',
  onProgress: (line: string) => void,
): Promise<Deployed> {
  const readers = transports.map((transport) => new NumberedReader(url, transport, channels))
  const senders = new NumberedSenders(url, channels, rates[pace])
  const received = (): number => readers.reduce((total, reader) => total + reader.received, 0)
  const tell = (what: string): void => {
    onProgress(`${what}; ${senders.sent} sent, ${senders.waiting} unanswered, ${received()} received`)
  }
  try {
    await whileItMoves('a first event on each reader', received, () =>
      readers.every((one) => one.received > 0),
    )
    for (let deploy = 1; deploy <= deploys; deploy++) {
      for (const server of fleet.servers) {
        await server.terminate()
        await server.start()
        await pause(rests[pace])
      }
      tell(`deploy ${deploy} of ${deploys}`)
    }
    const answered = senders.stop()
    await whileItMoves(
      'sends are answered',
      () => -senders.waiting,
      () => senders.waiting === 0,
    )
    await answered
    const isMissing = (): boolean => readers.some((reader) => reader.count(senders.last).lost > 0)
    await whileItMoves('readers catch up', received, () => !isMissing()).catch((error: unknown) => {
      onProgress(String(error))
    })
    return summary(readers, senders, fleet)
  } finally {
    senders.close()
    for (const reader of readers) reader.close()
  }
}

function summary(readers: readonly NumberedReader[], senders: NumberedSenders, fleet: Fleet): Deployed {
  const events = sum(readers.map((reader) => reader.count(senders.last)))
  const faults = [...senders.faults, ...readers.flatMap((reader) => reader.faults), ...fleet.failures]
  for (const name of ['lost', 'repeated', 'disordered'] as const) {
    if (events[name] > 0) faults.push(`${events[name]} events ${name}`)
  }
  // Without a lost stream nothing was tried; a long-poll has none to lose.
  const streamed = readers.slice(0, 2)
  if (streamed.some(({ reconnects }) => reconnects === 0)) faults.push('a reader never lost its stream')
  return {
    perSecond: senders.rate,
    sent: senders.sent,
    failed: senders.sent - senders.answered,
    events,
    faults,
  }
}
