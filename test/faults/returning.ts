import { request } from 'node:http'
import WebSocket from 'ws'
import { subprotocol } from '../../src/protocol/index.ts'
import { answerOrders, setupOf } from './talk.ts'

/**
 * Clients that a server sends away, and that come back to another one when they were told to: those of the SDK by
 * `bye`'s `retryMs`, a browser's native EventSource by the `retry` field. A process of its own.
 */
export interface ReturningSetup {
  /** Where they are first, and where they come back to. */
  readonly ports: readonly [number, number]
  readonly count: number
  readonly channel: string
}

/** From the parent. */
export interface ReturningOrder {
  readonly do: 'open' | 'look'
}

/** What became of them. */
export interface Returned {
  /** Open at the first server, and at the second. */
  readonly first: number
  readonly second: number
  /** Told with a `bye`, and ended without. */
  readonly told: number
  readonly untold: number
  /** When each came back, on the machine's monotonic clock, in milliseconds. */
  readonly at: readonly number[]
}

const { ports, count, channel } = setupOf<ReturningSetup>()
const seen = { first: 0, second: 0, told: 0, untold: 0 }
const at: number[] = []
/** As a browser does, and an SDK that was told nothing. */
const defaultRetryMs = 3_000

type Kind = 'sdk-sse' | 'native-sse' | 'sdk-websocket'
const kinds: readonly Kind[] = ['sdk-sse', 'native-sse', 'sdk-websocket', 'sdk-websocket']

function come(index: number, home: 0 | 1): Promise<void> {
  const kind = kinds[index % kinds.length]!
  return new Promise((resolve) => {
    const state = { opened: false, bye: false, retryMs: defaultRetryMs }
    const opened = (): void => {
      if (state.opened) return
      state.opened = true
      if (home === 0) seen.first++
      else {
        seen.second++
        at.push(Number(process.hrtime.bigint() / 1_000_000n))
      }
      resolve()
    }
    const ended = (): void => {
      if (home === 0) {
        if (state.opened) seen.first--
        if (state.bye) seen.told++
        else seen.untold++
      } else if (state.opened) seen.second--
      // The SDK spreads what it was told by up to a quarter; a browser keeps to it.
      const delayMs = kind === 'native-sse' ? state.retryMs : state.retryMs * (1 + Math.random() / 4)
      setTimeout(() => void come(index, 1), delayMs)
      resolve()
    }
    const take = (text: string): void => {
      const told = /"retryMs":(\d+)/.exec(text) ?? (kind === 'native-sse' ? /retry: (\d+)/.exec(text) : null)
      if (text.includes('bye')) state.bye = true
      if (told && (state.bye || kind === 'native-sse')) {
        const field = kind === 'native-sse' ? [...text.matchAll(/retry: (\d+)/g)].at(-1)?.[1] : told[1]
        if (field !== undefined) state.retryMs = Number(field)
      }
    }
    // Each loopback address has ephemeral ports of its own.
    const where = { port: ports[home], localAddress: `127.0.0.${1 + (index % 8)}` }
    if (kind === 'sdk-websocket') webSocket(where, opened, take, ended)
    else stream(where, kind, opened, take, ended)
  })
}

interface Where {
  readonly port: number
  readonly localAddress: string
}

function webSocket(
  { port, localAddress }: Where,
  opened: () => void,
  take: (text: string) => void,
  ended: () => void,
) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/live/${channel}`, subprotocol, {
    localAddress,
    perMessageDeflate: false,
  })
  socket.on('message', (data: Buffer) => {
    opened()
    take(data.toString('latin1'))
  })
  socket.on('error', () => {})
  socket.on('close', ended)
}

function stream(
  where: Where,
  kind: Kind,
  opened: () => void,
  take: (text: string) => void,
  ended: () => void,
) {
  const path = `/live/${channel}${kind === 'sdk-sse' ? '?format=envelope' : ''}`
  const asked = request({
    host: '127.0.0.1',
    ...where,
    path,
    agent: false,
    headers: { accept: 'text/event-stream' },
  })
  asked.on('error', () => {})
  asked.on('response', (response) => {
    response.setEncoding('latin1')
    response.on('error', () => {})
    response.on('data', (text: string) => {
      opened()
      take(text)
    })
  })
  asked.on('close', ended)
  asked.end()
}

answerOrders<ReturningOrder>(null, async (order) => {
  if (order.do === 'open') {
    const batch = 100
    for (let from = 0; from < count; from += batch)
      await Promise.all(Array.from({ length: Math.min(batch, count - from) }, (_, i) => come(from + i, 0)))
  }
  return { ...seen, at } satisfies Returned
})
