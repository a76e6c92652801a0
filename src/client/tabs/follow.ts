import { parsePosition } from '../../protocol/position.ts'
import { pause } from '../deadline.ts'
import { ending } from '../ending.ts'
import type { ChannelMessage } from '../subscription.ts'
import { type Page, tellPage } from '../transports/long-poll.ts'
import { startQuery } from '../transports/start-query.ts'
import type { StreamRequest, StreamSink, Transport, TransportName } from '../transports/stream.ts'
import { aliveMs, type FromHub, type OpenBus } from './bus.ts'

/** A hub that was silent for twice this is taken for frozen or gone. */
const everyMs = 2.5 * aliveMs
/** How soon a page of history that does not reach what the hub has told is asked for again. */
const againMs = 50

/**
 * Reads what the leading tab reads, as one more transport: a client over it resumes, drops what it has seen, and comes
 * back as over any other. Joining, it listens to the hub first, then reads by plain requests from where it stands to where
 * the hub stood, then gives out what the hub told meanwhile: nothing lies between.
 */
export function followHub(
  openBus: OpenBus,
  tab: string,
  told: (transport: TransportName) => void,
): Transport {
  return (request, sink, signal) =>
    new Promise<never>((_, reject) => {
      const channels = request.subscriptions.map(({ channel }) => channel)
      let joined: string | undefined
      let waiting: ChannelMessage[] | undefined = []
      let cancel = () => {}

      const bus = openBus((message) => {
        if (message.op === 'read' || signal.aborted) return
        if (joined && message.hub !== joined) return
        if (message.op === 'gone') fail(ending(message.reason))
        else if (message.op === 'alive') alive(message)
        else if (!channels.includes(message.message.channel)) return
        else if (waiting) waiting.push(message.message)
        else sink.take(message.message)
      })

      const fail = (error: unknown) => {
        leave()
        reject(error)
      }
      const leave = () => {
        cancel()
        bus.close()
      }

      const alive = ({ hub, transport, positions, denied }: Extract<FromHub, { op: 'alive' }>) => {
        if (joined && !transport) return fail(ending('The connection that the tabs share is lost.'))
        if (!transport || !channels.every((channel) => positions[channel] || denied.includes(channel))) {
          if (joined) fail(ending('The tab that leads reads other channels.'))
          return
        }
        told(transport)
        if (!joined) {
          joined = hub
          catchUp(request, sink, signal, positions).then(() => {
            for (const message of waiting ?? []) sink.take(message)
            waiting = undefined
          }, fail)
        } else if (!waiting) sink.take({ op: 'heartbeat', everyMs, positions })
      }

      const ask = () => {
        cancel = request.clock.after(joined ? 10 * aliveMs : aliveMs / 2, ask)
        bus.post({ op: 'read', tab, channels })
      }

      signal.addEventListener('abort', leave)
      ask()
    })
}

/** Reads by requests until everything is there that the hub had told before this tab listened. */
async function catchUp(
  request: StreamRequest,
  sink: StreamSink,
  signal: AbortSignal,
  positions: Readonly<Record<string, string>>,
): Promise<void> {
  for (;;) {
    const query = [...(await startQuery(request, signal)), ['limit', 1000] as const]
    const page = await request.endpoint.json<Page>({ query, signal })
    tellPage(page, sink, everyMs)
    const behind = Object.entries(positions).some(([channel, told]) =>
      isBefore(page.positions?.[channel] ?? page.position, told),
    )
    if (!page.more && !behind) return
    // Another server answered, which has yet to hear what this tab's hub has told.
    if (!page.more) await pause(request.clock, againMs, signal)
  }
}

/** Of two epochs nothing can be said: the reset of the older one is on its way. */
function isBefore(reached: string | undefined, told: string): boolean {
  if (!reached) return false
  const [a, b] = [parsePosition(reached), parsePosition(told)]
  return a.epoch === b.epoch && a.offset < b.offset
}
