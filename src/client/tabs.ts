import type { ChannelMap } from '../protocol/channel-map.ts'
import { FairleadError } from '../protocol/errors.ts'
import type { Client, ConnectOptions } from './api.ts'
import type { ClientState } from './client-state.ts'
import { systemClock } from './clock.ts'
import { connect, connectOver } from './connect.ts'
import { createListeners } from './listeners.ts'
import { randomId } from './random-id.ts'
import { broadcastBus, type OpenBus } from './tabs/bus.ts'
import { type Locks, stand } from './tabs/election.ts'
import { followHub } from './tabs/follow.ts'
import { createHub, type Hub } from './tabs/hub.ts'
import type { TransportName } from './transports/stream.ts'

/** How tabs share a connection, beside what `connect` takes. */
export interface SharedOptions extends ConnectOptions {
  /** Who reads: tabs of two users, or of one user with two sets of rights, must have different ones. @default '' */
  readonly key?: string
  /** @default the browser's own, in a secure context */
  readonly locks?: Locks
  /** @default a `BroadcastChannel` of this name */
  readonly openBus?: (name: string) => OpenBus
}

/** How a tab is connected. */
export interface SharedState extends ClientState {
  /** Whether the tab reads over the connection that all of them share. */
  readonly shared: boolean
  /** Where it does not: why. */
  readonly whyAlone?: string
  /** Whether this tab holds that connection for the others. */
  readonly leads: boolean
}

/** A client whose state says how it shares. */
export interface SharedClient<C extends ChannelMap = ChannelMap> extends Client<C> {
  readonly state: SharedState
  onState(fn: (state: SharedState) => void): () => void
}

/**
 * Connects like `connect`, over one connection for all tabs of this origin that read the same server with the same `key`:
 * one tab holds it (Web Locks) and tells the others (BroadcastChannel). When it closes, crashes or freezes, another takes
 * over, and every tab goes on where it was. Sends go by POST, from each tab. Where there are no locks, or no secure
 * context, each tab has a connection of its own, and its state says so.
 */
export function connectShared<C extends ChannelMap = ChannelMap>(
  url: string,
  options: SharedOptions = {},
): SharedClient<C> {
  const { key = '', openBus = channelsOfBrowser, clock = systemClock, signal, ...rest } = options
  const locks = options.locks ?? (globalThis.navigator as { locks?: Locks } | undefined)?.locks
  const name = `fairlead ${JSON.stringify([url, key])}`
  const bus = openBus(name)
  if (!locks || !bus)
    return described(connect<C>(url, { ...rest, clock, signal }), () => ({
      shared: false,
      leads: false,
      whyAlone:
        'This page has no Web Locks or no BroadcastChannel: it is not in a secure context, or the browser is old.',
    })).client

  let hub: Hub | undefined
  let changed = () => {}
  let transport: TransportName | undefined
  const election = {
    lead() {
      hub = createHub(connect(url, { ...rest, clock, clientId: randomId() }), bus, clock)
      changed()
    },
    giveWay() {
      if (!hub) return
      hub.close('Another tab has taken the lead.')
      hub = undefined
      changed()
    },
  }
  const standing = { locks, openBus: bus, clock }
  let retire = stand(name, election, standing)

  const follow = followHub(bus, randomId(), (told) => {
    transport = told
  })
  // One way to read, whatever it is called: the transport in use is the hub's matter.
  const client = connectOver<C>(
    url,
    { ...rest, clock, signal, transport: 'sse', policy: 'off' },
    { sse: follow, websocket: follow, 'long-poll': follow },
  )
  const over = new AbortController()
  const away = () => {
    retire()
    election.giveWay()
  }
  client.onState(({ phase }) => {
    if (phase !== 'closed') return
    over.abort()
    away()
  })
  // A page that is put away must hold neither the lock nor a connection, or it would not be kept for the way back.
  const listen = (type: string, listener: () => void) =>
    globalThis.addEventListener?.(type, listener, { signal: over.signal })
  listen('pagehide', away)
  listen('pageshow', ({ persisted }: { persisted?: boolean } = {}) => {
    if (persisted) retire = stand(name, election, standing)
  })

  const shared = described<C>(client, (state) => ({
    shared: true,
    leads: hub !== undefined,
    ...(state.transport && { transport, reason: `Reading over ${transport}, shared by the tabs.` }),
  }))
  changed = shared.changed
  return Object.assign(shared.client, {
    use: async () => {
      throw new FairleadError('unavailable', 'Say the transport where the tabs connect: they share one.')
    },
  })
}

/** The client with more to its state; `changed` tells its listeners that this has changed. */
function described<C extends ChannelMap>(
  client: Client<C>,
  more: (state: ClientState) => Partial<SharedState> & Pick<SharedState, 'shared' | 'leads'>,
): { client: SharedClient<C>; changed: () => void } {
  const listeners = createListeners()
  const stateOf = (): SharedState => ({ ...client.state, ...more(client.state) })
  const changed = () => listeners.call('', stateOf())
  client.onState(changed)
  const shared: SharedClient<C> = {
    ...client,
    get state() {
      return stateOf()
    },
    onState: (fn) => listeners.add('', fn),
  }
  return { client: shared, changed }
}

/** Nothing where pages cannot talk to each other. */
function channelsOfBrowser(name: string): OpenBus | undefined {
  return typeof BroadcastChannel === 'function' ? broadcastBus(name) : undefined
}
