import type { SubjectName, Told } from './subjects.ts'

/** Who takes part in a row, and how. The first of a row is ours. */
export interface Contestant extends Told {
  readonly subject: SubjectName
  /** In place of the subject's own title. */
  readonly title?: string
  /** Where this one's load is another than the row's. */
  readonly load?: Partial<Load>
  /** The ratio of its line is this one / that one, called by its title or subject; without it ours / this one. */
  readonly against?: string
  /** What the ratio of its line is to reach; on the first line, ours, the figure. Without it they are only shown. */
  readonly aim?: Aim
}

/** What a ratio, or a figure, is to reach. */
export type Aim = { readonly atMost: number } | { readonly atLeast: number }

interface RowHead {
  /** What `--rows` takes. */
  readonly name: string
  readonly title: string
  readonly contestants: readonly [ours: Contestant, ...peers: Contestant[]]
}

/** What is published in a fan-out, and to whom. */
export interface Load {
  readonly subscribers: number
  /** Subscribers share the channels out in turn, and each tick publishes to all of them. */
  readonly channels: number
  /** Each tick publishes to one of the channels instead, the next one in turn. */
  readonly inTurn: boolean
  /** Before the first subscriber comes, 100,000 events go to so many channels in turn, which the log keeps. 0: none do. */
  readonly existing: number
  /** So many ticks go to ten subscribers first, a thousand a second, so that code that runs once a tick is warm. */
  readonly warming: number
  readonly perTick: number
  readonly ticksPerSecond: number
  /** Bytes of a payload. */
  readonly size: number
}

/** Events go out to subscribers; the figure is server CPU per delivered event, in µs, or a delay in ms. */
export interface FanOutRow extends RowHead {
  readonly kind: 'fan-out'
  readonly figure: 'cpu' | 'p99' | 'last'
  readonly load: Load
}

/** Connections that wait; the figure is the server's resident memory per connection, in bytes. */
export interface IdleRow extends RowHead {
  readonly kind: 'idle'
  readonly connections: number
}

/** Connections that open; the figure is connections per second of server CPU. */
export interface OpenRow extends RowHead {
  readonly kind: 'open'
  readonly connections: number
  /** On the channel's own URL, or by a first message that is answered. */
  readonly by: 'url' | 'subscribe'
}

/** Readers that come back at once; the figure is server CPU per reader, in µs. Its second contestant missed nothing. */
export interface ResumeRow extends RowHead {
  readonly kind: 'resume'
  readonly readers: number
  readonly missed: number
}

/** Sends that are answered, 64 on their way; the figure is answers per second of server CPU. */
export interface SendRow extends RowHead {
  readonly kind: 'send'
  readonly over: 'websocket' | 'http'
  readonly sends: number
}

/** One line of the table of results. */
export type Row = FanOutRow | IdleRow | OpenRow | ResumeRow | SendRow

/** What a row's figure is, for tables, charts and progress. */
export function unitOf(row: Row): { readonly unit: string; readonly better: 'less' | 'more' } {
  switch (row.kind) {
    case 'fan-out':
      return { unit: fanOutUnits[row.figure], better: 'less' }
    case 'idle':
      return { unit: 'bytes of server memory per connection', better: 'less' }
    case 'open':
      return { unit: 'connections per second of server CPU', better: 'more' }
    case 'resume':
      return { unit: 'µs of server CPU per reader', better: 'less' }
    case 'send':
      return { unit: 'answers per second of server CPU', better: 'more' }
  }
}

const fanOutUnits = {
  cpu: 'µs of server CPU per delivered event',
  p99: 'ms until 99 of 100 deliveries are there',
  last: 'ms until the last subscriber has the slowest event',
} as const
