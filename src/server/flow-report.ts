import { type ChannelFlow, correctFlow, type FlowCorrection } from '../advisor/index.ts'
import type { FlowCounters } from '../hub/flow.ts'
import type { Hub } from '../hub/hub.ts'

/** Rows of the report: the busiest channels. */
const maxRows = 200
/** How often declared and measured are compared, and how often in a row they must differ to be written. */
const lookMs = 60_000
const looksInARow = 2
/** How far beyond the crossover a rate has to be. */
const beyond = 1.5

/** What was measured of one channel, per client; undefined where nothing flowed. */
export function channelFlow(hub: Hub, channel: string): ChannelFlow | undefined {
  const counters = hub.flow.read(channel)
  return counters && flowOf(hub, channel, counters)
}

/** The flows of the busiest channels, as `fairlead advise --from URL` reads them. */
export function flowReport(hub: Hub): ChannelFlow[] {
  const rate = ({ up, down }: FlowCounters) => up.perSecond + down.perSecond
  return Object.entries(hub.flow.snapshot())
    .sort(([, a], [, b]) => rate(b) - rate(a))
    .slice(0, maxRows)
    .map(([channel, counters]) => flowOf(hub, channel, counters))
}

/**
 * Who sends is not counted, so what goes up is shared out over the readers: the mean number of those that an event found
 * since the process started, and one at least.
 */
function flowOf(hub: Hub, channel: string, { up, down, deliveries }: FlowCounters): ChannelFlow {
  const clients = Math.max(1, deliveries / Math.max(1, down.events))
  const declared = hub.declared.find(channel).declaration?.flow
  return {
    channel,
    ...(declared && { declared }),
    measured: {
      windowSeconds: 60,
      clients: short(clients),
      eventsPerSecond: short(down.perSecond),
      eventBytes: Math.round(down.bytes / Math.max(1, down.events)),
      sendsPerSecond: short(up.perSecond / clients),
      sendBytes: Math.round(up.bytes / Math.max(1, up.messages)),
    },
  }
}

const short = (value: number): number => Number(value.toPrecision(3))

/**
 * Writes a line when what flows is another matter than what was declared: on the other side of the crossover, by half
 * as much again, for two minutes. Once, until they agree again. `direct`: clients reach this server without a proxy, so
 * that it knows their HTTP version. The answer stops it; without a declared flow nothing is started.
 */
export function watchFlows(hub: Hub, direct: boolean): () => void {
  /** How often in a row they differed. */
  const differs = new Map<string, number>()
  const look = () => {
    for (const flow of flowReport(hub)) {
      const wrong = correctionOf(flow, direct)
      const times = wrong ? (differs.get(flow.channel) ?? 0) + 1 : 0
      if (times === 0) differs.delete(flow.channel)
      else differs.set(flow.channel, times)
      if (wrong && times === looksInARow)
        hub.logger.warn({ event: 'flow_differs', channel: flow.channel }, wrong.message)
    }
    cancel = hub.clock.after(lookMs, look)
  }
  let cancel = (): void => {}
  if (hub.declared.anyFlow) cancel = hub.clock.after(lookMs, look)
  return () => cancel()
}

function correctionOf(flow: ChannelFlow, direct: boolean): FlowCorrection | undefined {
  const wrong = correctFlow(flow, direct ? { http: 'h1' } : {})
  if (!wrong) return undefined
  const crossover = wrong.measured.crossover?.perSecond ?? wrong.declared.crossover?.perSecond
  if (crossover === undefined) return undefined
  const [said, seen] = [flow.declared?.up?.perSecond ?? 0, flow.measured.sendsPerSecond]
  const crossed = said < crossover ? seen > crossover * beyond : seen < crossover / beyond
  return crossed ? wrong : undefined
}
