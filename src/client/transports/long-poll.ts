import type { DeniedMessage, EventMessage, ResetMessage } from '../../protocol/messages.ts'
import { pause } from '../deadline.ts'
import { keepPresent } from './presence.ts'
import { startQuery } from './start-query.ts'
import type { StreamSink, Transport } from './stream.ts'

/** How long a request waits for the first event, in seconds: well inside the idle time-outs of proxies. */
const waitSeconds = 25
/** An empty answer before this is no wait at all, a cache's perhaps: asking again at once would be a loop. */
const hastyMs = 1000

/** A page of history. */
export interface Page {
  readonly events: EventMessage[]
  readonly position?: string
  readonly positions?: Readonly<Record<string, string>>
  readonly more: boolean
  readonly reset?: Omit<ResetMessage, 'op'>[]
  readonly denied?: Omit<DeniedMessage, 'op'>[]
}

/**
 * Tells a page as a stream would. The first heartbeat only opens; the one behind the events says that they are complete.
 */
export function tellPage(page: Page, sink: StreamSink, everyMs = waitSeconds * 1000): void {
  const heartbeat = { op: 'heartbeat', everyMs } as const
  sink.take(heartbeat)
  for (const one of page.denied ?? []) sink.take({ op: 'denied', ...one })
  for (const one of page.reset ?? []) sink.take({ op: 'reset', ...one })
  for (const event of page.events) sink.take(event)
  sink.take({ ...heartbeat, ...page, id: page.position })
}

/** One request after the other, each from where the last one ended. The first does not wait: its answer is the proof. */
export const longPoll: Transport = async (request, sink, signal) => {
  const { clock, endpoint } = request
  keepPresent(request, sink, signal, false)
  for (let wait = 0; ; ) {
    const askedAt = clock.now()
    const query = [...(await startQuery(request, signal)), ['limit', 1000] as const, ['wait', wait] as const]
    const page = await endpoint.json<Page>({ query, signal })
    tellPage(page, sink)
    if (wait && !page.events.length && clock.now() - askedAt < hastyMs) await pause(clock, hastyMs, signal)
    wait = page.more ? 0 : waitSeconds
  }
}
