import { WebSocket } from 'ws'
import { openHttp } from '../../src/testing/wire/http.ts'
import { createBlockSplitter } from '../../src/testing/wire/sse.ts'
import { bystanderChannel } from './bystander-channel.ts'

/**
 * Readers that do nothing wrong, on two transports, beside the abuse: each must see every number, in order, on the one
 * connection that it opened.
 */
export interface Bystanders {
  /** Waits until both have seen number `published`. Answers what disturbed them, as sentences; none: nothing did. */
  disturbed(published: number): Promise<string[]>
  /** The number of events seen by both. */
  readonly seen: number
  close(): void
}

/** How long an event may take to reach a bystander, on a machine that is busy with the abuse. */
const patienceMs = 20_000

/** Takes numbers in order, from whichever comes first. */
class Counter {
  readonly #name: string
  readonly faults: string[] = []
  last: number | undefined
  count = 0

  constructor(name: string) {
    this.#name = name
  }

  take(n: number): void {
    if (this.last !== undefined && n !== this.last + 1) this.fault(`saw ${n} after ${this.last}`)
    this.last = n
    this.count++
  }

  fault(what: string): void {
    this.faults.push(`the ${this.#name} ${what}`)
  }
}

/** Opens both readers and waits for the first event of each. */
export async function openBystanders(port: number): Promise<Bystanders> {
  const url = new URL(`http://127.0.0.1:${port}/live/${bystanderChannel}`)
  let closing = false
  const stream = new Counter('SSE stream')
  const response = await openHttp(url)
  response.setEncoding('utf8')
  response.on(
    'data',
    createBlockSplitter(({ event, data }) => {
      if (event === 'beat') stream.take(Number(data))
    }),
  )
  response.on('error', () => {})
  response.on('close', () => closing || stream.fault('was closed'))

  const socket = new Counter('WebSocket')
  const ws = new WebSocket(url.href.replace('http', 'ws'))
  ws.on('message', (data) => {
    const { op, event, data: n } = JSON.parse(String(data)) as { op: string; event?: string; data?: number }
    if (op === 'event' && event === 'beat') socket.take(Number(n))
  })
  ws.on('error', () => {})
  ws.on('close', (code) => closing || socket.fault(`was closed with ${code}`))

  const reached = async (n: number): Promise<void> => {
    const deadline = Date.now() + patienceMs
    for (const reader of [stream, socket]) {
      while ((reader.last ?? -1) < n && reader.faults.length === 0) {
        if (Date.now() > deadline) return reader.fault(`stands at ${reader.last}, not at ${n}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
  }
  await reached(0)
  return {
    get seen() {
      return Math.min(stream.count, socket.count)
    },
    async disturbed(published) {
      await reached(published)
      return [...stream.faults.splice(0), ...socket.faults.splice(0)]
    },
    close() {
      closing = true
      response.destroy()
      ws.terminate()
    },
  }
}
