import { type After, formatPosition, type ResetReason } from '../protocol/index.ts'
import type { Topic } from './topic.ts'
import type { TopicHub } from './topic-hub.ts'

/** Where a stream is asked to start; with nothing given, live from now. */
export interface StartRequest {
  readonly after?: After | undefined
  /** `after` is where a reader that comes back stands: a channel's own start that is older counts no more. */
  readonly resumed?: boolean | undefined
  /** The newest N events, then live. */
  readonly last?: number | undefined
  /** `channel=NAME@POSITION`: where single channels start instead. */
  readonly starts?: ReadonlyMap<string, After> | undefined
}

/** Where a reader starts: the list's position, later starts of single channels, and what cannot be resumed. */
export interface Start {
  readonly position: number
  readonly floors: ReadonlyMap<string, number>
  readonly resets: readonly { channel: string; reason: ResetReason; earliest: string; latest: string }[]
}

/** Turns what was asked for into offsets of the log's present epoch. */
export async function startOf(hub: TopicHub, topic: Topic, request: StartRequest): Promise<Start> {
  if (request.last !== undefined) return { position: await newest(hub, topic, request.last), ...none }
  if (startsNow(request)) return { position: topic.position, ...none }
  const offsets = new Map<string, number>()
  const lost: string[] = []
  for (const channel of topic.channels) {
    const offset = await channelOffset(hub, topic, channel, request)
    if (offset === undefined) lost.push(channel)
    offsets.set(channel, offset ?? topic.position)
  }
  const position = Math.min(...offsets.values())
  const floors = new Map([...offsets].filter(([, offset]) => offset > position))
  return {
    position,
    floors,
    resets: await Promise.all(lost.map((channel) => lostEpoch(hub, topic, channel))),
  }
}

const none: Pick<Start, 'floors' | 'resets'> = { floors: new Map(), resets: [] }

/** Whether a reader starts live from now: where that is needs no reading. */
export function startsNow({ after, last, starts }: StartRequest): boolean {
  return after === undefined && last === undefined && starts === undefined
}

/** The channel's own start; `undefined` when its position is of an epoch that is gone. */
async function channelOffset(
  hub: TopicHub,
  topic: Topic,
  channel: string,
  { after, starts, resumed }: StartRequest,
): Promise<number | undefined> {
  const whole = after === undefined ? undefined : await offsetOf(hub, topic, channel, after)
  const own = starts?.get(channel)
  if (own === undefined) return after === undefined ? topic.position : whole
  const start = await offsetOf(hub, topic, channel, own)
  // A browser repeats its page's URL with a newer Last-Event-ID: the later of the two is where the channel stands.
  if (resumed && whole !== undefined) return Math.max(whole, start ?? 0)
  return start
}

async function offsetOf(
  hub: TopicHub,
  topic: Topic,
  channel: string,
  after: After,
): Promise<number | undefined> {
  if (after === 'latest') return topic.position
  if (after === 'earliest') return (await hub.log.channelHead(channel)).earliest
  return after.epoch === hub.epoch ? after.offset : undefined
}

/** The offset after which the newest `last` events of the whole list come. */
async function newest(hub: TopicHub, topic: Topic, last: number): Promise<number> {
  if (last === 0) return topic.position
  const heads = await Promise.all(topic.channels.map((channel) => hub.log.channelHead(channel, last)))
  const single = heads[0]
  if (heads.length === 1 && single) return single.newest
  const from = topic.channels.map((channel, i) => ({ channel, after: heads[i]!.newest }))
  const bounds = { events: last * from.length, bytes: Number.POSITIVE_INFINITY }
  const offsets = (await hub.log.read(from, bounds)).events.map((event) => event.offset!)
  const first = offsets[Math.max(0, offsets.length - last)]
  return first === undefined ? topic.position : first - 1
}

async function lostEpoch(hub: TopicHub, topic: Topic, channel: string): Promise<Start['resets'][number]> {
  const head = await hub.log.channelHead(channel)
  return {
    channel,
    reason: 'epoch',
    earliest: formatPosition(hub.epoch, head.earliest),
    latest: formatPosition(hub.epoch, topic.position),
  }
}
