import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as SecureAgent } from 'node:https'
import { text } from 'node:stream/consumers'
import { stamp } from '../../load/tally.ts'

/** What is to be sent to one channel. */
export interface Pace {
  /** The channel's URL, with the name of the event. */
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  /** Events per second. */
  readonly rate: number
  readonly seconds: number
  /** Bytes of a payload; at least what the stamp needs. */
  readonly size: number
  readonly signal: AbortSignal
}

/** What came of it. */
export interface Sent {
  /** How many the server took. */
  readonly accepted: number
  /** How many it refused, or did not answer; with the first answer. */
  readonly failed: number
  readonly failure: { readonly status: number; readonly body: string } | Error | undefined
}

/** How many POSTs are on their way at most: a server that is slower than the pace shows it as delay, not as a heap of sockets. */
const window = 64

/**
 * Sends at an even pace. The stamp of an event is when it was *due*: if this process or the server is late, the delay
 * grows, as it does for people. It stops at the first refusal that no later event would escape (4xx).
 */
export async function sendAtPace(pace: Pace, accepted: (count: number) => void = () => {}): Promise<Sent> {
  const agent = pace.url.protocol === 'https:' ? new SecureAgent(agentOptions) : new Agent(agentOptions)
  const total = Math.max(1, Math.round(pace.rate * pace.seconds))
  const began = stamp()
  const state = {
    accepted: 0,
    failed: 0,
    failure: undefined as Sent['failure'],
    flying: new Set<Promise<void>>(),
  }
  for (let i = 0; i < total && !pace.signal.aborted && !isFinal(state.failure); i++) {
    const due = began + Math.round((i * 1_000_000) / pace.rate)
    await until(due)
    if (state.flying.size >= window) await Promise.race(state.flying)
    const one: Promise<void> = post(pace, payload(pace.size, due), agent)
      .then((failure) => {
        if (failure) throw failure
        accepted(++state.accepted)
      })
      .catch((failure: Sent['failure']) => {
        state.failed++
        state.failure ??= failure
      })
      .finally(() => state.flying.delete(one))
    state.flying.add(one)
  }
  await Promise.all(state.flying)
  agent.destroy()
  return { accepted: state.accepted, failed: state.failed, failure: state.failure }
}

const agentOptions = { keepAlive: true, maxSockets: window, timeout: 10_000 }

function isFinal(failure: Sent['failure']): boolean {
  return failure instanceof Error || (failure !== undefined && failure.status < 500 && failure.status !== 429)
}

function until(due: number): Promise<void> | undefined {
  const left = Math.floor((due - stamp()) / 1000)
  return left > 0 ? new Promise((resolve) => setTimeout(resolve, left)) : undefined
}

function payload(size: number, due: number): string {
  const head = `{"sent":${due}`
  const room = size - head.length - '}'.length
  return room > 9 ? `${head},"pad":"${'x'.repeat(room - 9)}"}` : `${head}}`
}

/** Resolves with the answer of a refusal, or nothing. */
function post(
  { url, headers }: Pace,
  body: string,
  agent: Agent,
): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp
    const asked = request(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer within 10 s')))
    asked.on('error', reject)
    asked.on('response', (response: IncomingMessage) => {
      const status = response.statusCode ?? 0
      text(response).then((body) => resolve(status >= 300 ? { status, body } : undefined), reject)
    })
    asked.end(body)
  })
}
