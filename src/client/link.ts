import { FairleadError } from '../protocol/errors.ts'
import { createBackoff } from './backoff.ts'
import { type Carrier, createCarrier } from './carrier.ts'
import type { ClientState } from './client-state.ts'
import { type Ending, ending } from './ending.ts'
import type { Subscription } from './subscription.ts'
import type { StreamRequest, Transport, TransportName } from './transports/stream.ts'

/** A transport that had worked is tried alone this often before the others are: a restart says nothing against it. */
const loyalty = 2

/** How long a stream has for its first message, and how far that grows where no transport is ever in time. */
const shortestOpenMs = 5_000
const longestOpenMs = 30_000

/** After how long a better transport is tried than the one in use: at first, and at most, doubling in between. */
const soonestBetterMs = 30_000
const latestBetterMs = 600_000

/** A stream that had opened fast is believed to be held back when it is this late, in milliseconds, and this much later. */
const impatientOpenMs = 2_000
const impatience = 5

/** What became of a stream. */
export interface LinkEvent {
  /** `open`: it is in use. `cut`: it was, and ended. `failed`: it was to be, and did not open. */
  readonly kind: 'open' | 'cut' | 'failed'
  readonly transport: TransportName
  /** Of `open`: how long that took, and how often the server says that it lives, in milliseconds. */
  readonly openMs?: number
  readonly everyMs?: number | undefined
  /** Else: why, for a person. */
  readonly reason?: string
  /** Nothing came in time. */
  readonly slow?: boolean | undefined
  /** The server spoke: it says nothing against the transport. */
  readonly isServers?: boolean
}

/** What the link needs of the client around it. */
export interface LinkOptions {
  /** Best first. */
  readonly order: readonly TransportName[]
  readonly transports: Readonly<Record<TransportName, Transport>>
  /** What every stream is opened with. */
  readonly request: Omit<StreamRequest, 'subscriptions' | 'retryBase'>
  readonly changed: (state: ClientState) => void
  /** What worked on this network before: it is tried first, and then the others in their order. */
  readonly first?: TransportName | undefined
  /** Told what becomes of streams; of one that opens, before the state says so. */
  readonly told?: (event: LinkEvent) => void
  /** Why the stream that has just opened is of no good, if it is not: then the next one is tried. */
  readonly isHeldBack?: (event: LinkEvent) => string | undefined
  /** Asks whether the server answers over HTTP. Without it a transport that had worked is tried longer. */
  readonly isAlive?: (() => Promise<boolean>) | undefined
}

/** Keeps one stream open that carries all channels. */
export interface Link {
  state(): ClientState
  /** The stream in use. */
  current(): Carrier | undefined
  /** Reads a channel; in place of the one of the same name that was read before. */
  add(subscription: Subscription): void
  /** Reads it no more. */
  remove(subscription: Subscription): void
  /**
   * Changes the transports, best first. Resolves when a message was seen on one of them; rejects when none could be
   * opened now, and goes on trying. The stream in use stays until another takes over.
   */
  use(order: readonly TransportName[]): Promise<void>
  /** The stream in use may be of no good: the same is opened anew beside it, and if that is not better, another. */
  doubt(): void
  /** The network is another one, or back: what is open may be dead, what is better may work now. */
  onNetwork(): void
  /** The page or the machine woke up. */
  onWake(): void
  /** The page is put away, perhaps for good: everything is closed, the positions are kept. */
  onHide(): void
  /** The page is shown again. */
  onShow(): void
  /** Ends everything for good; with an error when it was not the application's wish. */
  close(reason: string, error?: FairleadError): void
}

/**
 * At most two streams live at a time: the one in use, and one that is being opened to take its place: that carries a
 * channel more, or is of a better transport, or runs over a new network. It takes over at its first message, and in the
 * same turn the one before is closed and heard no more. It starts at the positions held when it was asked for, so that
 * nothing is lost; subscriptions drop what they have seen.
 *
 * Where there is no stream, transports are tried from the top of the list, so that an outage never leaves a client on
 * its last resort; but the one that worked last is tried alone first, as long as only its connection was lost.
 *
 * Long because it is one state machine: what is open, what is being opened and what is waited for decide each other.
 */
export function createLink(options: LinkOptions): Link {
  const { transports, request, changed, told = () => {}, isHeldBack = () => undefined, isAlive } = options
  const { clock } = request
  const subscriptions = new Map<string, Subscription>()
  const backoff = createBackoff(clock)
  let { order } = options
  let state: ClientState = { phase: 'idle', reason: 'No channel is read.' }
  let isHidden = false
  let isStepping = false

  /** The stream in use, and the one being opened. */
  let current: Carrier | undefined
  let attempt: Carrier | undefined
  /** What is left to try after the attempt. */
  let left: TransportName[] = []
  /** Told when the attempt, and all that was left, is over. */
  let settled = () => {}

  /** What worked last, and how often it failed since. */
  let worked = options.first
  let strikes = 0
  let openMs = shortestOpenMs
  /** How long what worked took to open; undefined while it is only known from before. */
  let workedMs: number | undefined
  /** Whether the attempt is of what worked, and the others are not to follow yet. */
  let isLoyal = false

  /** Cancels the wait before the next try. The server's own wish is not cut short by what happens to the page. */
  let cancelWait: (() => void) | undefined
  let isAsked = false
  let cancelBetter: (() => void) | undefined
  let betterMs = soonestBetterMs

  const isOn = () => !isHidden && state.phase !== 'closed'
  const wanted = () => [...subscriptions.values()].filter(({ active }) => active)
  const isNeeded = () => isOn() && wanted().length > 0
  /**
   * Has the stream in use carry what it can. While another is being opened, that one alone says where a new channel
   * starts: two streams would give it two beginnings, and what lies between them would be lost.
   */
  const carriesAll = () =>
    current?.carry(
      wanted().filter(({ position }) => position || !attempt),
      subscriptions,
    )
  const isWorthIt = () => worked !== undefined && strikes < loyalty && order.includes(worked)
  /** What worked, and behind it, in case that it hangs or is refused by a server that lives, the others. */
  const next = () => (isWorthIt() ? [worked!, ...order.filter((one) => one !== worked)] : order)
  /** What is better than the stream in use. */
  const better = () => {
    const rank = current ? order.indexOf(current.transport) : -1
    return rank < 0 ? order : order.slice(0, rank)
  }

  const say = (phase: ClientState['phase'], reason: string, more?: Partial<ClientState>) => {
    const isNew = phase !== state.phase || reason !== state.reason
    state = { phase, reason, ...more }
    if (isNew) changed(state)
  }

  const stopWait = () => {
    cancelWait?.()
    cancelWait = undefined
    isAsked = false
  }

  const stopTrying = () => {
    const carrier = attempt
    attempt = undefined
    carrier?.close('replaced')
    settled()
  }

  const forgetBetter = () => {
    cancelBetter?.()
    cancelBetter = undefined
    betterMs = soonestBetterMs
  }

  const stop = () => {
    stopWait()
    stopTrying()
    forgetBetter()
    current?.close('goodbye')
    current = undefined
  }

  const close = (reason: string, error?: FairleadError) => {
    if (state.phase === 'closed') return
    stop()
    say('closed', reason, error && { error })
  }

  /** Tries transports one after the other, in place of what was being tried. */
  const tryAll = (list: readonly TransportName[], hasToken?: boolean) => {
    stopTrying()
    stopWait()
    if (!current) say('connecting', `Trying ${list}.`)
    left = [...list]
    isLoyal = !current && workedMs !== undefined && isWorthIt() && left[0] === worked
    tryNext(hasToken)
  }

  const tryNext = (hasToken?: boolean) => {
    const transport = left.shift()!
    current?.mark()
    const streamRequest = { ...request, retryBase: backoff.reset, subscriptions: wanted() }
    const ms = isLoyal && left.length ? Math.max(impatientOpenMs, impatience * workedMs!) : openMs
    attempt = createCarrier(
      transport,
      transports[transport],
      streamRequest,
      Math.min(ms, openMs),
      owner,
      hasToken,
    )
    carriesAll()
  }

  /** What worked failed at once. A server that is gone comes back; one that answers has it refused on the way. */
  const askAround = async (carrier: Carrier, ending: Ending) => {
    const rest = left
    attempt = undefined
    const lives = await isAlive?.()
    // Something else has happened meanwhile.
    if (attempt || cancelWait || current || left !== rest || !isNeeded()) return
    // Once more: it may have come up since.
    if (lives) tryRest([carrier.transport, ...rest])
    else {
      settled()
      failed(carrier, ending)
    }
  }

  const tryRest = (list: TransportName[]) => {
    left = list
    isLoyal = false
    tryNext()
  }

  const opened = (carrier: Carrier) => {
    const { transport, openMs: tookMs, everyMs } = carrier
    const event = { kind: 'open', transport, openMs: tookMs, everyMs } as const
    const reason = isHeldBack(event)
    if (reason) {
      carrier.close('lost')
      return ended(carrier, ending(reason, undefined, { slow: true }))
    }
    told(event)
    workedMs = tookMs
    current?.close('replaced')
    current = carrier
    attempt = undefined
    settled()
    stopWait()
    worked = transport
    strikes = 0
    openMs = shortestOpenMs
    backoff.reset()
    planBetter()
    step()
    say('open', `Reading over ${transport}.`, { transport })
  }

  const ended = (carrier: Carrier, ending: Ending) => {
    const { kind, message, slow } = ending
    const { transport } = carrier
    const isCut = carrier === current
    told({ kind: isCut ? 'cut' : 'failed', transport, reason: message, slow, isServers: kind !== undefined })
    if (isCut) {
      current = undefined
      // Where another stream is being opened, that decides what is next.
      if (!attempt || kind === 'final') waitFor(ending)
      else say('connecting', message)
    } else if (carrier === attempt) {
      // What the server says would be the same over any transport.
      if (!kind && left.length) {
        const wasLoyal = isLoyal
        isLoyal = false
        if (!wasLoyal || slow) return tryNext()
        if (isAlive) return void askAround(carrier, ending)
      }
      attempt = undefined
      settled()
      failed(carrier, ending)
    }
  }

  /** The stream in use goes on until its successor's first message: the same as for a change of transport. */
  const renewed = (carrier: Carrier) => {
    if (carrier === current && !attempt && isNeeded()) tryAll([carrier.transport], true)
  }
  const owner = { opened, ended, renewed }

  /** None of the transports tried has opened; `carrier` was the last. */
  const failed = ({ transport }: Carrier, ending: Ending) => {
    if (current && (transport !== current.transport || carriesAll())) {
      planBetter()
      return step()
    }
    if (current && !ending.kind) {
      // A second stream may be one too many (over HTTP/1.1 a browser has six a host): the one in use makes room.
      current.close('replaced')
      current = undefined
      return step()
    }
    // One that is late may be held back by a proxy; where even the last of the list is, the network is slow.
    if (ending.slow && !left.length) openMs = Math.min(openMs * 2, longestOpenMs)
    // A server that speaks has spoken over this transport: it works.
    if (!ending.kind) strikes++
    waitFor(ending)
  }

  /** Stops for good, or waits and goes on. */
  const waitFor = ({ kind, message: reason, retryMs: askedMs, refusal }: Ending) => {
    if (kind === 'final') return close(reason, refusal)
    const retryMs = backoff.next(askedMs)
    stopWait()
    isAsked = askedMs !== undefined
    cancelWait = clock.after(retryMs, () => {
      stopWait()
      step()
    })
    if (!current) say('waiting', reason, { retryMs })
    step()
  }

  /** Plans to try what is better than the stream in use; a stream that is lost now and then does not put it off. */
  const planBetter = () => {
    if (!better().length) return forgetBetter()
    cancelBetter ??= clock.after(betterMs, () => {
      cancelBetter = undefined
      betterMs = Math.min(betterMs * 2, latestBetterMs)
      if (attempt) planBetter()
      else if (current) tryAll(better())
    })
  }

  /** Looks at what is open and what is wanted, and does what is next: once for all changes of a turn. */
  const step = () => {
    if (isStepping) return
    isStepping = true
    queueMicrotask(() => {
      isStepping = false
      if (isOn()) act()
    })
  }

  const act = () => {
    const isCarried = carriesAll()
    if (isNeeded()) {
      if (!isCarried && !attempt && !cancelWait) tryAll(current ? [current.transport] : next())
      // A channel that waits for its `load` will be back in a moment; a WebSocket may serve for sends.
    } else if (!subscriptions.size && !current?.controls) {
      stop()
      say('idle', 'No channel is read.')
    }
  }

  const onWake = () => {
    current?.wake()
    if (!isAsked) stopWait()
    step()
  }

  return {
    state: () => state,
    current: () => current,
    add(subscription) {
      subscriptions.set(subscription.channel, subscription)
      step()
    },
    remove(subscription) {
      const { channel } = subscription
      subscription.active = false
      if (subscriptions.get(channel) === subscription) subscriptions.delete(channel)
      step()
    },
    async use(list) {
      order = list
      stopTrying()
      forgetBetter()
      step()
      if (!isNeeded()) return
      const transports = better()
      if (transports.length) {
        tryAll(transports)
        await new Promise<void>((resolve) => {
          settled = resolve
        })
      }
      if (!current || !order.includes(current.transport)) {
        throw new FairleadError('unavailable', `${list}: not open. ${state.reason}`)
      }
    },
    doubt() {
      if (!current || attempt) return
      const { transport } = current
      tryAll([transport, ...order.filter((one) => one !== transport)])
    },
    onNetwork() {
      if (!isNeeded() || isAsked) return
      worked = undefined
      backoff.reset()
      forgetBetter()
      tryAll(current ? [...better(), current.transport] : order)
    },
    onWake,
    onHide() {
      if (!isOn()) return
      isHidden = true
      stop()
      say('waiting', 'The page was put away.')
    },
    onShow() {
      isHidden = false
      onWake()
    },
    close,
  }
}
