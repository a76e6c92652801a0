/** Which way a flow goes: from the server to the client, from the client to the server, or both. */
export type Direction = 'down' | 'up' | 'both'

/** What lies between client and server. `mixed`: all kinds, as a public site has them. */
export type Network = 'open' | 'mobile' | 'mixed' | 'corporate' | 'hotel' | 'satellite' | 'datacentre'

/** Who connects. */
export type ClientKind = 'browser' | 'old-browser' | 'native' | 'react-native' | 'server' | 'cli' | 'device'

/** A way whose working a measurement of the path can tell. */
export type ProbedTransport = 'sse' | 'websocket' | 'long-poll'

/**
 * All that the advisor reads of one flow and of where it runs; everything may be left out. Rates are messages per
 * second and client, sizes bytes of one payload.
 */
export interface Inputs {
  readonly direction?: Direction | undefined
  readonly downRate?: number | undefined
  readonly downBytes?: number | undefined
  readonly upRate?: number | undefined
  readonly upBytes?: number | undefined
  /** How late a message may be, one way, for nineteen of twenty. */
  readonly latencyMs?: number | undefined
  readonly binary?: 'none' | 'occasional' | 'continuous' | undefined
  readonly media?: 'none' | 'voice' | 'video' | undefined
  /** `strict`: in both directions, one after the other. */
  readonly order?: 'none' | 'per-flow' | 'strict' | undefined
  /** `ephemeral`: a lost message does not matter. */
  readonly delivery?: 'ephemeral' | 'resume' | undefined
  /** `wait`: for one event. `response`: seconds, the answer to one request. `mixed`: requests, and notices between. */
  readonly lifetime?: 'wait' | 'response' | 'mixed' | 'session' | 'always-on' | undefined
  /** Whether it must reach somebody whose page or app is closed. */
  readonly background?: boolean | undefined
  readonly fanout?: 'same' | 'room' | 'user' | undefined
  /** Whether several events may be sent as one, the newest of each kind. */
  readonly coalesce?: boolean | undefined
  /** Whether what goes up is a file. */
  readonly upload?: boolean | undefined
  readonly upPattern?: 'user-action' | 'continuous' | 'at-unload' | undefined
  readonly battery?: boolean | undefined
  /** The HTTP version between browser and the first hop. */
  readonly http?: 'h1' | 'h2' | 'h3' | undefined
  readonly network?: Network | undefined
  /** Connected at the same time. */
  readonly clients?: number | undefined
  readonly tabs?: number | undefined
  readonly flowsPerPage?: number | undefined
  readonly clientKind?: ClientKind | undefined
  /** What the same page has open already. */
  readonly existing?: 'none' | ProbedTransport | undefined
  /** How long one function may run; absent where a process lives long. */
  readonly serverlessMaxSeconds?: number | undefined
  /** What stands in the path and cannot carry a stream, or an upgrade. */
  readonly sseBlocked?: boolean | undefined
  readonly websocketBlocked?: boolean | undefined
  /** Products in the path, as people call them. */
  readonly products?: readonly string[] | undefined
  readonly team?: { readonly websocket: 'none' | 'some' | 'strong' } | undefined
  /** The share of the audience (0 to 1) whose browser has no `EventSource` and cannot read a stream. */
  readonly oldBrowserShare?: number | undefined
  readonly auth?: 'cookie' | 'bearer' | 'ticket' | undefined
  readonly rttMs?: number | undefined
  readonly rttP95Ms?: number | undefined
  /** What was measured of the path: the share (0 to 1) of tries that failed, by transport. */
  readonly failures?: Readonly<Partial<Record<ProbedTransport, number>>> | undefined
}

/** Names of inputs. */
export type InputName = keyof Inputs

type Known = {
  readonly [Name in Exclude<InputName, 'serverlessMaxSeconds' | 'http' | 'failures'>]-?: NonNullable<
    Inputs[Name]
  >
}

/** The inputs with every default filled in, and what follows from them. */
export interface Facts extends Known {
  readonly http: 'h1' | 'h2' | 'h3' | 'unknown'
  readonly serverlessMaxSeconds: number | undefined
  readonly failures: Readonly<Partial<Record<ProbedTransport, number>>>
  /** Events per second that are sent down: the newest of each, ten times a second, where that will do. */
  readonly eventRate: number
  /** How long messages up may wait for each other, in milliseconds; 0 where none may. */
  readonly batchMs: number
  /** Requests per second that the messages up make, batched as far as the latency allows. */
  readonly requestRate: number
  /** What was said, not assumed. */
  readonly given: ReadonlySet<InputName>
  /** Said in words: what was read otherwise than it was written. */
  readonly notes: readonly string[]
}

const roundTrips: Readonly<Record<Network, readonly [p50: number, p95: number]>> = {
  open: [60, 200],
  mixed: [60, 200],
  corporate: [60, 200],
  hotel: [100, 400],
  mobile: [100, 300],
  satellite: [600, 900],
  datacentre: [1, 3],
}

/** From this rate on a flow that was declared one way counts as both ways, in messages per second. */
const secondWay = 0.2

/** Fills in the defaults. */
export function factsOf(inputs: Inputs): Facts {
  const given = new Set(
    Object.entries(inputs).flatMap(([name, value]) => (value === undefined ? [] : [name as InputName])),
  )
  const network = inputs.network ?? 'open'
  const [p50, p95] = roundTrips[network]
  const rttMs = inputs.rttMs ?? p50
  const { direction, notes } = directionOf(inputs)
  const downRate = inputs.downRate ?? (direction === 'up' ? 0 : 0.2)
  const base = {
    ...defaults,
    ...Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined)),
  } as typeof defaults & Inputs
  const facts = {
    ...base,
    http: inputs.http ?? ('unknown' as const),
    serverlessMaxSeconds: inputs.serverlessMaxSeconds,
    network,
    direction,
    rttMs,
    rttP95Ms: inputs.rttP95Ms ?? (inputs.rttMs === undefined ? p95 : rttMs * 2),
    downRate,
    eventRate: inputs.coalesce ? Math.min(downRate, 10) : downRate,
  }
  return { ...facts, ...batching(facts), given, notes } as Facts
}

const defaults = {
  downBytes: 200,
  upRate: 0,
  upBytes: 200,
  latencyMs: 1000,
  binary: 'none',
  media: 'none',
  order: 'per-flow',
  delivery: 'resume',
  lifetime: 'session',
  background: false,
  fanout: 'user',
  coalesce: false,
  upload: false,
  upPattern: 'user-action',
  battery: false,
  clients: 1000,
  tabs: 1,
  flowsPerPage: 1,
  clientKind: 'browser',
  existing: 'none',
  sseBlocked: false,
  websocketBlocked: false,
  products: [],
  team: { websocket: 'some' },
  oldBrowserShare: 0,
  auth: 'cookie',
  failures: {},
} as const

/** What really flows counts, not only what was declared: a rate of 0 takes a way away, a high one adds it. */
function directionOf({ direction, downRate, upRate, upload }: Inputs): {
  direction: Direction
  notes: string[]
} {
  const [down, up] = [downRate ?? 0, upload ? 0 : (upRate ?? 0)]
  if (direction === undefined) {
    if (up > 0) return { direction: down > 0 ? 'both' : 'up', notes: [] }
    return { direction: upload && down === 0 ? 'up' : 'down', notes: [] }
  }
  if (direction === 'both') {
    if (upload && downRate === 0) return { direction: 'up', notes: [] }
    if (upRate === 0 || upload) return { direction: 'down', notes: ['Nothing goes up: read as one way.'] }
    if (downRate === 0) return { direction: 'up', notes: ['Nothing comes down: read as one way.'] }
  }
  if (direction === 'down' && up >= secondWay)
    return { direction: 'both', notes: [`${up} messages a second go up: read as both ways.`] }
  if (direction === 'up' && down >= secondWay)
    return { direction: 'both', notes: [`${down} events a second come down: read as both ways.`] }
  return { direction, notes: [] }
}

/**
 * Messages up may wait for each other where the latency leaves time after the way itself; never in strict order, and
 * not for long where an answer comes down.
 */
function batching(facts: {
  direction: Direction
  latencyMs: number
  rttP95Ms: number
  upRate: number
  order: string
  delivery: string
}): Pick<Facts, 'batchMs' | 'requestRate'> {
  const spare = facts.latencyMs - facts.rttP95Ms / 2
  const may = facts.latencyMs >= 150 && facts.order !== 'strict' && spare > 0
  const batchMs = may ? Math.min(facts.direction === 'up' ? 1000 : 250, spare / 2) : 0
  const most = batchMs === 0 ? Number.POSITIVE_INFINITY : 1000 / batchMs
  return { batchMs, requestRate: Math.min(facts.upRate, most) }
}
