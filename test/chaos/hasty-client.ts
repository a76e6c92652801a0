import type { TransportChoice } from '../../src/client/api.ts'
import { connect } from '../../src/client/index.ts'
import { systemClock } from '../../src/hub/clock.ts'

/** What is not a stream is given up after this on a stalled line, in milliseconds. */
const answerMs = 2000
/** How long a long-poll waits for its first event here, in seconds: well within `answerMs`. */
const waitSeconds = 1

/**
 * A client as any other, in a hurry: its reconnects wait a twentieth of the usual time, and requests that are answered
 * in one go end early on a stalled line. A run is then made of cuts and not of waiting.
 */
export function connectHastily(url: string, transport: TransportChoice) {
  return connect(url, {
    transport,
    clock: { ...systemClock, random: () => Math.random() / 20 },
    sendTimeoutMs: 600_000,
    fetch: hurriedFetch,
  })
}

const hurriedFetch: typeof fetch = async (input, init = {}) => {
  if (new Headers(init.headers).get('accept') === 'text/event-stream') return fetch(input, init)
  const hurry = AbortSignal.timeout(answerMs)
  const signal = init.signal ? AbortSignal.any([init.signal, hurry]) : hurry
  return fetch(String(input).replace(/\bwait=25\b/, `wait=${waitSeconds}`), { ...init, signal })
}
