import { type LimitsSettings, noLimits } from '../hub/limits.ts'
import type { RefusalOptions } from '../hub/refusal-budget.ts'
import type { Allowance } from '../hub/usage.ts'
import { limits as wire } from '../protocol/index.ts'

/** An allowance in part: what is left out has its default, `false` is no bound. */
type AllowanceOptions = { readonly [Name in keyof Allowance]?: number | false }

/**
 * What one process of the server takes on. Every number counts per process: behind a balancer, or with several workers,
 * all of them together take that many times as much. Development mode has none of these bounds but those that are given.
 */
export interface LimitsOptions {
  /** Streams, sockets and waiting polls in all: more are told to come back later. @default 50_000 */
  readonly connections?: number | false
  /**
   * What one connection (a WebSocket, or one request) may do.
   * @default 100 subscriptions (the wire has no more), 100 sends in flight, 1,000 messages and 8 MiB per second
   */
  readonly connection?: Omit<AllowanceOptions, 'connections'>
  /**
   * What one identity (the `id` that `authenticate` or a token gives) may have and do over all its connections.
   * @default 1,000 connections, 10,000 subscriptions, 1,000 sends in flight, 2,000 messages and 16 MiB per second
   */
  readonly identity?: AllowanceOptions
  /**
   * The same for an address; of IPv6 for a network of 64 bits. Generous, for an office is one address. So is a proxy that
   * `trustProxy` does not name: then all clients are one.
   * @default 10,000 connections, 100,000 subscriptions, 10,000 sends in flight, 10,000 messages and 64 MiB per second
   */
  readonly address?: AllowanceOptions
  /** How long anyone may save up what the rates allow, in milliseconds: what may come at once. @default 5_000 */
  readonly burstMs?: number
  /**
   * An address that was refused so often within the window is answered 429 before anything of a request is looked at, for
   * as long as the window again. Every 4xx counts but 409, 422, 429 and `token_expired`. @default 100 in 10_000 ms
   */
  readonly refusals?: Partial<RefusalOptions> | false
  /** New connections are refused while more than this part of the memory (heap, or cgroup) is used. @default 0.9 */
  readonly memory?: number | false
}

const MiB = 1024 * 1024

/** What holds on a server that is not in development mode where nothing is said. */
const careful: LimitsSettings = {
  connections: 50_000,
  connection: {
    connections: Number.POSITIVE_INFINITY,
    subscriptions: wire.channelsPerStream,
    inFlight: 100,
    messagesPerSecond: 1_000,
    bytesPerSecond: 8 * MiB,
  },
  identity: {
    connections: 1_000,
    subscriptions: 10_000,
    inFlight: 1_000,
    messagesPerSecond: 2_000,
    bytesPerSecond: 16 * MiB,
  },
  address: {
    connections: 10_000,
    subscriptions: 100_000,
    inFlight: 10_000,
    messagesPerSecond: 10_000,
    bytesPerSecond: 64 * MiB,
  },
  burstMs: 5_000,
  refusals: { count: 100, windowMs: 10_000 },
  memory: 0.9,
}

const allowanceNames = Object.keys(careful.address) as (keyof Allowance)[]
const knownNames = Object.keys(careful)

/** Fills in the defaults. Throws `TypeError`, naming the place, on what is no bound. */
export function settleLimits(options: LimitsOptions | undefined, dev: boolean): LimitsSettings {
  const defaults = dev ? { ...noLimits, memory: careful.memory } : careful
  if (options === undefined) return defaults
  assertNames('limits', options, knownNames)
  const { connections, connection, identity, address, burstMs, refusals, memory } = options
  return {
    connections: bound('limits.connections', connections, defaults.connections),
    connection: {
      ...allowance('limits.connection', connection, defaults.connection),
      subscriptions: subscriptionsOf(connection?.subscriptions),
    },
    identity: allowance('limits.identity', identity, defaults.identity),
    address: allowance('limits.address', address, defaults.address),
    burstMs: milliseconds('limits.burstMs', burstMs, defaults.burstMs),
    refusals: refusalsOf(refusals, defaults.refusals),
    memory: memoryOf(memory, defaults.memory),
  }
}

function allowance(place: string, given: AllowanceOptions | undefined, defaults: Allowance): Allowance {
  if (given === undefined) return defaults
  const names = place === 'limits.connection' ? allowanceNames.slice(1) : allowanceNames
  assertNames(place, given, names)
  const settled = names.map((name) => [name, bound(`${place}.${name}`, given[name], defaults[name])])
  return { ...defaults, ...Object.fromEntries(settled) }
}

function bound(place: string, given: number | false | undefined, otherwise: number): number {
  if (given === undefined) return otherwise
  if (given === false) return Number.POSITIVE_INFINITY
  if (Number.isInteger(given) && given >= 1) return given
  throw new TypeError(`${place} is a whole number from 1 on, or false for no bound.`)
}

function subscriptionsOf(given: number | false | undefined): number {
  const most = wire.channelsPerStream
  const settled = bound('limits.connection.subscriptions', given, most)
  if (given === undefined || settled <= most) return settled
  throw new TypeError(`limits.connection.subscriptions is from 1 to ${most}: no connection follows more.`)
}

function milliseconds(place: string, given: number | undefined, otherwise: number): number {
  if (given === undefined) return otherwise
  if (Number.isInteger(given) && given >= 1_000 && given <= 3_600_000) return given
  throw new TypeError(`${place} is a whole number of milliseconds from 1000 to 3600000.`)
}

function refusalsOf(
  given: LimitsOptions['refusals'],
  defaults: LimitsSettings['refusals'],
): LimitsSettings['refusals'] {
  if (given === undefined) return defaults
  if (given === false) return false
  const { count, windowMs } = careful.refusals as RefusalOptions
  assertNames('limits.refusals', given, ['count', 'windowMs'])
  return {
    count: bound('limits.refusals.count', given.count, count),
    windowMs: milliseconds('limits.refusals.windowMs', given.windowMs, windowMs),
  }
}

function memoryOf(given: number | false | undefined, otherwise: number | false): number | false {
  if (given === undefined || given === false) return given ?? otherwise
  if (typeof given === 'number' && given >= 0.1 && given <= 1) return given
  throw new TypeError('limits.memory is a part of the memory from 0.1 to 1, or false.')
}

function assertNames(place: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new TypeError(`${place} is an object of ${known.join(', ')}.`)
  const wrong = Object.keys(given).find((name) => !known.includes(name))
  if (wrong !== undefined)
    throw new TypeError(`${place} has no ${JSON.stringify(wrong)}: there are ${known.join(', ')}.`)
}
