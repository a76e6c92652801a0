import { type Ending, ending } from './ending.ts'
import type { ChannelMessage, Subscription } from './subscription.ts'
import type {
  Duplex,
  Farewell,
  StreamRequest,
  StreamSink,
  Transport,
  TransportName,
} from './transports/stream.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

/** Who holds carriers. */
export interface CarrierOwner {
  /** The first message was seen; it is handed out when this returns. */
  opened(carrier: Carrier): void
  /** It is over, opened or not; not told after `close`. */
  ended(carrier: Carrier, ending: Ending): void
  /** There is a new token, and the stream cannot take it: another one has to be opened with it. */
  renewed(carrier: Carrier): void
}

/** One stream from its opening to its end. */
export interface Carrier {
  readonly transport: TransportName
  /** How long its first message took, in milliseconds, and how often the server says that it lives. */
  openMs: number
  everyMs: number | undefined
  /** What a WebSocket can do. Other streams carry many channels in one order, and none but their first. */
  controls: Duplex | undefined
  /**
   * Has it carry these channels; `false` when only another stream can. `known` are all channels of the client: one
   * that is known and not wanted waits for its `load`, and is no reason for another stream.
   */
  carry(wanted: readonly Subscription[], known: ReadonlyMap<string, Subscription>): boolean
  /** Tells the quiet channels how far the stream has come. */
  mark(): void
  /** The page or the machine woke up. */
  wake(): void
  /** Ends it without telling the owner. */
  close(farewell: Farewell): void
}

/**
 * Opens a stream. It counts as open when a message was seen on it within `openMs`, not when a socket or a status says
 * so; is watched for silence; and hands what comes to the subscriptions that it carries. `hasToken`: the token in use is
 * a new one, and need not be got again.
 */
export function createCarrier(
  transport: TransportName,
  run: Transport,
  request: StreamRequest,
  openMs: number,
  owner: CarrierOwner,
  hasToken = false,
): Carrier {
  const { clock, endpoint } = request
  const aborter = new AbortController()
  const { signal } = aborter
  const carried = new Map(request.subscriptions.map((one) => [one.channel, one]))
  let cancelDeadline = () => {}
  let watchdog: Watchdog | undefined
  let isStarted = false
  let askedAt = 0
  /** Of a stream with one order: where it stands, and all of its channels are complete. */
  let reached: string | undefined

  const end = (ending: Ending) => {
    if (signal.aborted) return
    if (ending.kind === 'denied') {
      const { code } = ending.refusal!
      for (const [channel, one] of carried) one.take({ op: 'denied', channel, code })
    }
    carrier.close('lost')
    owner.ended(carrier, ending)
  }

  /** The token ends soon. Without another one, the stream goes on to its end: then it is asked for again. */
  const renew = async () => {
    const before = await token
    const renewed = await endpoint.renewToken().catch(() => before)
    if (!renewed || renewed === before || signal.aborted) return
    if (carrier.controls) carrier.controls.renew(renewed)
    else owner.renewed(carrier)
  }

  const carrier: Carrier & StreamSink = {
    transport,
    openMs: 0,
    everyMs: undefined,
    controls: undefined,
    farewell: 'lost',
    carry(wanted, known) {
      const { controls } = carrier
      if (!controls) {
        return (
          wanted.every((one) => carried.get(one.channel) === one) &&
          [...carried.values()].every((one) => known.get(one.channel) === one)
        )
      }
      for (const [channel, one] of carried) if (!wanted.includes(one)) carried.delete(channel)
      controls.follow(wanted)
      return true
    },
    mark() {
      if (reached) for (const one of carried.values()) one.reaches(reached)
    },
    wake: () => watchdog?.wake(),
    close(farewell) {
      if (signal.aborted) return
      carrier.farewell = farewell
      carrier.mark()
      cancelDeadline()
      watchdog?.stop()
      aborter.abort()
    },
    heard(bytes = 0) {
      watchdog?.heard()
      request.count?.(0, bytes)
    },
    duplex(controls) {
      carrier.controls = controls
      carried.clear()
    },
    joined(one, position) {
      one.starts(position)
      carried.set(one.channel, one)
    },
    take(message) {
      if (signal.aborted) return
      if (!watchdog) {
        cancelDeadline()
        carrier.openMs = clock.now() - askedAt
        if (message.op === 'heartbeat') carrier.everyMs = message.everyMs
        watchdog = createWatchdog(clock, () => end(ending('It fell silent.', undefined, { slow: true })))
        owner.opened(carrier)
      }
      // Whoever was told that it is open may have closed it.
      if (signal.aborted) return
      if (message.op === 'heartbeat') {
        const { id, positions, everyMs } = message
        watchdog.heard(everyMs)
        // The first one only says where the stream starts, and a position that is held knows better.
        for (const one of carried.values()) {
          const at = positions?.[one.channel] ?? id
          if (at) isStarted ? one.reaches(at) : one.starts(at)
        }
        isStarted = true
        return
      }
      watchdog.heard()
      if (message.op === 'event') request.count?.(1, 0)
      if (message.op === 'event' && !carrier.controls) reached = message.id ?? reached
      if (message.op === 'auth_expiring') return void renew()
      const one = carried.get(message.channel!)
      // Nothing comes of it any longer: no reason for another stream without it.
      if (message.op === 'denied') carried.delete(message.channel)
      one?.take(message as ChannelMessage)
    },
  }

  const token = hasToken ? endpoint.token() : endpoint.renewToken()
  token
    .catch((error: unknown) => {
      throw ending(`No token: ${error}`, 'retry')
    })
    .then(() => {
      if (signal.aborted) return undefined
      // Only from here on: a slow token says nothing against the transport.
      askedAt = clock.now()
      cancelDeadline = clock.after(openMs, () =>
        end(ending(`No answer within ${openMs} ms.`, undefined, { slow: true })),
      )
      return run(request, carrier, signal)
    })
    .catch(end)
  return carrier
}
