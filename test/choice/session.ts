import type { Client, ClientState, ConnectOptions } from '../../src/client/index.ts'
import { createServer, defineChannels, event } from '../../src/index.ts'
import { type ConditionCase, planOf } from './conditions.ts'
import { ConditionProxy } from './proxy.ts'

export const channels = defineChannels({
  feed: { read: 'public', events: { n: event<number>() } },
})

/** What one client went through. */
export interface Seen {
  readonly transport: string | undefined
  /** The longest time without events: from the fault on, or from where it ended. */
  readonly gapMs: number
  readonly lost: number
  readonly repeated: number
  readonly decisions: readonly string[]
}

/** A client somewhere: in this process, or in a page. */
export interface Subject {
  /** Of its page, where it has one. */
  readonly origin?: string
  /**
   * Reads the channel `feed` at this port, and keeps each number with when it came. In a hurry, delays that chance picks
   * are a quarter of the usual: how long a server that was away is waited for is not what is looked at here.
   */
  open(port: number, options: Pick<ConnectOptions, 'plan'>, isHasty: boolean): Promise<void>
  look(): Promise<{ state: ClientState; got: [n: number, at: number][]; decisions: string[] }>
  close(): Promise<void>
}

/** How long a client has to end up where it should. */
const patienceMs = 20_000
/** How long it must stay there. */
const restMs = 2_500

/** Puts a client through one condition. */
export async function goThrough(one: ConditionCase, subject: Subject): Promise<Seen> {
  const origins = subject.origin === undefined ? [] : [subject.origin]
  const server = createServer({ channels, heartbeatMs: 1_000, origins })
  const { port } = await server.listen({ port: 0 })
  const proxy = await ConditionProxy.to(port, one.live ? {} : one.condition)
  let published = 0
  let transport: string | undefined
  const look = async () => {
    const seen = await subject.look()
    // A stream that is being opened anew has none for a moment.
    transport = seen.state.transport ?? transport
    return seen
  }
  const timer = setInterval(() => void server.channel('feed').publish('n', ++published), one.everyMs ?? 50)
  try {
    let began = Date.now()
    await subject.open(proxy.port, { plan: planOf(one.first) }, one.lastsMs !== undefined)
    if (one.live) {
      await until(look, ({ state, got }) => state.transport === (one.first ?? 'sse') && got.length > 10)
      began = Date.now()
      proxy.set(one.condition, one.cut)
    }
    if (one.lastsMs !== undefined) {
      await pause(one.lastsMs)
      proxy.set({})
      began = Date.now()
    }
    await until(
      look,
      ({ state, got }) => state.transport === one.after && got.some(([, at]) => at > began + 1_000),
    )
    await pause(restMs)
    clearInterval(timer)
    const last = published
    await until(look, ({ got }) => (got.at(-1)?.[0] ?? 0) >= last || got.length === 0)
    const { got, decisions } = await look()
    const numbers = got.map(([n]) => n)
    const times = [began, ...got.map(([, at]) => at).filter((at) => at > began)]
    return {
      transport,
      gapMs: Math.max(...times.slice(1).map((at, index) => at - times[index]!)),
      lost: last - (numbers[0] ?? 1) + 1 - new Set(numbers).size,
      repeated: numbers.length - new Set(numbers).size,
      decisions,
    }
  } finally {
    clearInterval(timer)
    await subject.close()
    await proxy.close()
    await server.close()
  }
}

async function until(
  look: Subject['look'],
  holds: (seen: Awaited<ReturnType<Subject['look']>>) => boolean,
): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const seen = await look()
    if (holds(seen)) return
    if (Date.now() > end) return // The table shows where it stood.
    await pause(20)
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** What a person reads of a client's decisions. */
export function wordsOf(client: Pick<Client, 'explain'>): string[] {
  return client
    .explain()
    .decisions.map(({ kind, from, to, reason }) => `${kind} ${from ?? ''}→${to ?? ''}: ${reason}`)
}

/** What of it is not as the table wants it, as sentences. */
export function shortcomings(one: ConditionCase, seen: Seen): string[] {
  const { transport, gapMs, lost, repeated } = seen
  return [
    ...(transport === one.after ? [] : [`It reads over ${transport}, not ${one.after}.`]),
    ...(gapMs <= one.withinMs ? [] : [`Nothing flowed for ${gapMs} ms; at most ${one.withinMs}.`]),
    ...(lost === 0 ? [] : [`${lost} events lost.`]),
    ...(repeated === 0 ? [] : [`${repeated} events repeated.`]),
  ]
}
