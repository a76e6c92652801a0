import { withDeadline } from '../deadline.ts'
import type { StreamRequest, StreamSink } from './stream.ts'

/** How often a client says that it is still there; the server forgets it after twice this. */
const everyMs = 30_000

/**
 * Keeps this client a member of its channels while it reads over SSE, where the server cannot see that a reader is
 * gone, and says goodbye, even as the page goes. A WebSocket answers pings, and its close is a goodbye.
 */
export function keepPresent(
  { clock, endpoint, clientId: client, subscriptions }: StreamRequest,
  sink: StreamSink,
  signal: AbortSignal,
): void {
  if (!client) return
  const say = (op: 'alive' | 'leave') => {
    const channels = subscriptions
      .filter(({ active }) => active || op === 'leave')
      .map(({ channel }) => channel)
    const body = JSON.stringify({ op, client, channels })
    const post = (signal: AbortSignal) =>
      endpoint.fetch({ path: '/_presence', body, keepalive: op === 'leave', signal })
    // Said again in time, or the server loses patience.
    withDeadline(clock, everyMs, undefined, post).catch(() => {})
  }
  const beat = () => {
    say('alive')
    cancel = clock.after(everyMs, beat)
  }
  let cancel = clock.after(everyMs, beat)
  signal.addEventListener('abort', () => {
    cancel()
    if (sink.farewell === 'goodbye') say('leave')
  })
}
