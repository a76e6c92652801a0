import { withDeadline } from '../deadline.ts'
import type { StreamRequest, StreamSink } from './stream.ts'

/** How often a client says that it is still there; the server forgets it after twice this. */
const everyMs = 30_000

/**
 * Keeps this client a member of its channels while a stream lives that cannot say it itself, and says goodbye when the
 * client leaves, even as the page goes. Over SSE (`beats`) a server cannot see that a reader is gone; a long-poll asks
 * again and again; a WebSocket answers pings, and its close is a goodbye.
 */
export function keepPresent(
  { clock, endpoint, clientId: client, subscriptions }: StreamRequest,
  sink: StreamSink,
  signal: AbortSignal,
  beats: boolean,
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
  let cancel = beats ? clock.after(everyMs, beat) : () => {}
  signal.addEventListener('abort', () => {
    cancel()
    if (sink.farewell === 'goodbye') say('leave')
  })
}
