import type { ConnectionPlan, TransportName } from '../../src/client/index.ts'
import type { Condition } from './proxy.ts'

/** How long nothing may flow: after a fault that shows by itself, and after one that only silence shows. */
const shownMs = 3_000
const silentMs = 8_000

/** One line of the table. */
export interface ConditionCase {
  readonly id: string
  readonly fault: string
  /** From the start; or, with `live`, under a session that is open. */
  readonly condition: Condition
  readonly live?: boolean
  /** Whether what is open is cut as the condition begins. */
  readonly cut?: boolean
  /** After this long all passes again, in milliseconds; the time without events counts from there. */
  readonly lastsMs?: number
  /** What the page prefers. @default SSE */
  readonly first?: 'websocket'
  readonly after: TransportName
  /** The longest time without events, in milliseconds. */
  readonly withinMs: number
  /** Between two events, in milliseconds. @default 50 */
  readonly everyMs?: number
  /** Runs in `npm test` too. */
  readonly short?: boolean
}

/** What a client prefers. The rate has no say here. */
export function planOf(first: 'websocket' | undefined): ConnectionPlan {
  return {
    ladder: first ? ['websocket', 'sse', 'long-poll'] : ['sse', 'websocket', 'long-poll'],
    crossover: 4,
    fixed: true,
    reason: 'For the table.',
  }
}

export const conditions: readonly ConditionCase[] = [
  {
    id: 'refuse-upgrade',
    fault: 'the proxy refuses Upgrade',
    condition: { upgrade: 'refuse' },
    first: 'websocket',
    after: 'sse',
    withinMs: shownMs,
    short: true,
  },
  {
    id: 'drop-frames',
    fault: 'the proxy accepts Upgrade and drops frames',
    condition: { upgrade: 'mute' },
    first: 'websocket',
    after: 'sse',
    withinMs: silentMs,
  },
  {
    id: 'buffer-whole',
    fault: 'the proxy keeps an event stream to its end',
    condition: { stream: 'whole' },
    after: 'websocket',
    withinMs: silentMs,
  },
  {
    id: 'buffer-size',
    fault: 'the proxy gives out an event stream by 4 KiB',
    condition: { stream: 4096 },
    after: 'websocket',
    withinMs: silentMs,
    short: true,
  },
  {
    id: 'one-behind',
    fault: 'the proxy holds each message until the next',
    condition: { stream: 'behind' },
    after: 'websocket',
    withinMs: shownMs,
    everyMs: 1_500,
    short: true,
  },
  {
    id: 'compress',
    fault: 'the proxy compresses an event stream, and flushes never',
    condition: { stream: 'gzip' },
    after: 'websocket',
    withinMs: silentMs,
  },
  {
    id: 'only-requests',
    fault: 'the proxy refuses Upgrade and keeps streams to their end',
    condition: { upgrade: 'refuse', stream: 'whole' },
    after: 'long-poll',
    withinMs: silentMs,
  },
  {
    id: 'cut-idle',
    fault: 'connections that are idle for 600 ms are cut',
    condition: { idleMs: 600 },
    after: 'sse',
    withinMs: shownMs,
    everyMs: 1_300,
  },
  {
    id: 'cap-lifetime',
    fault: 'connections are cut when they are 1 s old',
    condition: { lifeMs: 1_000 },
    after: 'sse',
    withinMs: shownMs,
  },
  {
    id: 'delay',
    fault: 'each way takes 250 ms longer',
    condition: { delayMs: 250 },
    after: 'sse',
    withinMs: shownMs,
  },
  {
    id: 'gateway-502',
    fault: '502 for 0.5 s under a session on SSE, whose client waits a quarter of the usual delays',
    condition: { gateway: true },
    live: true,
    cut: true,
    lastsMs: 500,
    after: 'sse',
    withinMs: shownMs,
    short: true,
  },
  {
    id: 'live-refuse-upgrade',
    fault: 'a session on WebSocket moves behind a proxy that refuses Upgrade',
    condition: { upgrade: 'refuse' },
    first: 'websocket',
    live: true,
    cut: true,
    after: 'sse',
    withinMs: shownMs,
    short: true,
  },
  {
    id: 'live-drop-frames',
    fault: 'a session on WebSocket: frames go nowhere from now on',
    condition: { upgrade: 'mute' },
    first: 'websocket',
    live: true,
    after: 'sse',
    withinMs: silentMs,
  },
  {
    id: 'live-buffer-whole',
    fault: 'a session on SSE: the proxy keeps streams to their end from now on',
    condition: { stream: 'whole' },
    live: true,
    after: 'websocket',
    withinMs: silentMs,
  },
  {
    id: 'live-buffer-size',
    fault: 'a session on SSE: the proxy gives out streams by 16 KiB from now on',
    condition: { stream: 16_384 },
    live: true,
    after: 'websocket',
    withinMs: silentMs,
  },
  {
    id: 'live-compress',
    fault: 'a session on SSE moves behind a proxy that compresses, and flushes never',
    condition: { stream: 'gzip' },
    live: true,
    cut: true,
    after: 'websocket',
    withinMs: silentMs,
  },
  {
    id: 'live-delay',
    fault: 'a session on SSE: each way takes 250 ms longer from now on',
    condition: { delayMs: 250 },
    live: true,
    after: 'sse',
    withinMs: shownMs,
  },
]
