import { limits } from '../protocol/index.ts'
import type { Clock } from './clock.ts'
import { type History, type HistoryRequest, readHistory } from './history.ts'
import type { Logs } from './logs.ts'

/** A stretch of the history of channels in several logs: each log's events in their order, one log after the other. */
export interface SpanningHistory extends Omit<History, 'position'> {
  /** Where to go on, channel by channel. */
  readonly positions: Readonly<Record<string, string>>
}

/** Reads channels of several logs from a start on; `limit` is shared between the logs. */
export async function readSpanning(
  logs: Logs,
  clock: Clock,
  channels: readonly string[],
  request: HistoryRequest,
): Promise<SpanningHistory> {
  const groups = [...logs.groups(channels)]
  const limit = Math.max(1, Math.floor((request.limit ?? limits.historyDefault) / groups.length))
  const readAll = (waitMs: number | undefined, signal: AbortSignal | undefined, first = () => {}) =>
    Promise.all(
      groups.map(async ([topics, group]) => {
        const history = await readHistory(topics, clock, group, { ...request, limit, waitMs, signal })
        if (hasNews(history)) first()
        return { group, history }
      }),
    )
  const now = await readAll(undefined, request.signal)
  if (!request.waitMs || now.some(({ history }) => hasNews(history))) return joined(now)
  // The first log that has something ends the waiting of all.
  const enough = new AbortController()
  const signal = AbortSignal.any([enough.signal, ...(request.signal ? [request.signal] : [])])
  return joined(await readAll(request.waitMs, signal, () => enough.abort()))
}

function hasNews({ events, resets }: History): boolean {
  return events.length + resets.length > 0
}

function joined(read: readonly { group: readonly string[]; history: History }[]): SpanningHistory {
  const histories = read.map(({ history }) => history)
  return {
    events: histories.flatMap(({ events }) => events),
    positions: Object.fromEntries(
      read.flatMap(({ group, history }) => group.map((channel) => [channel, history.position])),
    ),
    more: histories.some(({ more }) => more),
    resets: histories.flatMap(({ resets }) => resets),
    denied: [],
  }
}
