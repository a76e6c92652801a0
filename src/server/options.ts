import type { Authenticate } from '../access/declared-rules.ts'
import type { Tickets } from '../access/tickets.ts'
import type { Tokens } from '../access/tokens.ts'
import { type TrustProxy, trustedProxy } from '../access/trusted-proxy.ts'
import type { ChannelLog } from '../hub/channel-log.ts'
import type { Channels } from '../hub/channels.ts'
import { type Clock, systemClock } from '../hub/clock.ts'
import type { ReportError } from '../hub/hub.ts'
import type { LimitsSettings } from '../hub/limits.ts'
import { type Logger, silentLogger } from '../hub/logger.ts'
import type { PresenceStore } from '../hub/presence.ts'
import { memoryLog } from '../log/memory.ts'
import { memoryPresence } from '../log/memory-presence.ts'
import { assertSoleProcess } from '../log/sole-process.ts'
import { isChannelName } from '../protocol/index.ts'
import { type LimitsOptions, settleLimits } from './limits-options.ts'
import { CarefulLogger, failureReporter, hiding } from './log-lines.ts'
import { logUrlSecrets, parseLogUrl } from './log-url.ts'
import type { OperationsOptions } from './operations.ts'

/** Everything that a server can be told. */
export interface ServerOptions<C extends Channels = Channels> {
  /** The channels, by name or pattern: see `defineChannels`. @default none: only development mode knows others */
  readonly channels?: C
  /**
   * Where events are kept: a log, or its URL. `lmdb:./data`, `redis://HOST:PORT/DB?prefix=fairlead`, `rediss://…`,
   * `redis+cluster://HOST:PORT,…`, `nats://HOST:PORT,…?stream=fairlead&replicas=3`, `memory`. A log that is out of
   * reach is tried again until it answers. @default 'memory'
   */
  readonly log?: ChannelLog | string
  /**
   * Logs of their own for channels by pattern, such as `{ 'chat/*': redisLog({ url }) }`; the first that covers a channel
   * counts, `log` keeps the rest. For those who outgrow one Redis primary or one stream: each log has its own epoch, so
   * a plain stream of several channels stays inside one; the SDK spans them. @default {}
   */
  readonly logs?: Readonly<Record<string, ChannelLog | string>>
  /** The path below which the server answers. @default '/live' */
  readonly base?: string
  /** Says who sent a request, for the channels' rules; `null` is nobody. Throw a `FairleadError` on wrong credentials. */
  readonly authenticate?: Authenticate
  /** Verifies bearer tokens: see `tokens`. They are asked for before `authenticate`. @default none */
  readonly tokens?: Tokens
  /** Makes and verifies tickets for a native EventSource or WebSocket: see `tickets`. @default none */
  readonly tickets?: Tickets
  /**
   * Whose `X-Forwarded-For`, `-Host` and `-Proto` are believed: nobody's, so many proxies in front, or those of these
   * networks, such as `10.0.0.0/8`. @default false
   */
  readonly trustProxy?: TrustProxy
  /** A port of its own for `/healthz`, `/readyz` and `/metrics`, opened with `listen`. @default none */
  readonly operations?: OperationsOptions
  /**
   * What this process takes on, in all and per connection, identity and address: see `LimitsOptions` for the defaults. In
   * development mode only what is given. @default careful ones
   */
  readonly limits?: LimitsOptions
  /** Origins that may use the server besides its own host, such as `https://app.example.com`. @default [] */
  readonly origins?: readonly string[]
  /** Development mode: anyone on this machine may read and send every channel. @default false */
  readonly dev?: boolean
  /** The longest silence on a stream, in milliseconds, from 100 to 300,000. @default 25_000 */
  readonly heartbeatMs?: number
  /** How often a WebSocket is pinged, in milliseconds; it is dropped after two unanswered. @default 25_000 */
  readonly pingMs?: number
  /** A member that was not heard of for this long is gone, in milliseconds. @default 60_000 */
  readonly presenceTimeoutMs?: number
  /** Who is on the channels. @default the store at the URL of `log`, else memoryPresence */
  readonly presence?: PresenceStore
  /** Time and chance. @default the machine's own */
  readonly clock?: Clock
  /**
   * Takes structured lines without secrets: start and end, refusals, denials, readers that were cut, trouble with the log.
   * A pino logger is one as it is; `textLogger()` and `jsonLogger()` make one. @default writes nothing
   */
  readonly logger?: Logger
  /**
   * Told of every failure that has no request to answer, with the error as it was thrown.
   * @default nobody when there is a `logger`, else writes one line to the standard error
   */
  readonly onError?: ReportError
}

type Optional = 'authenticate' | 'presence' | 'tokens' | 'tickets' | 'operations'

/** The options with every default filled in. */
export type SettledOptions = Required<Omit<ServerOptions, Optional | 'limits'>> &
  Pick<ServerOptions, Optional> & {
    readonly limits: LimitsSettings
    /** Takes what is secret out of a text, the passwords of the log's URLs included. */
    readonly hide: (text: string) => string
  }

/** What holds where nothing is said. */
export const serverDefaults = {
  base: '/live',
  origins: [],
  dev: false,
  trustProxy: false,
  heartbeatMs: 25_000,
  pingMs: 25_000,
  presenceTimeoutMs: 60_000,
} as const satisfies Partial<ServerOptions>

/** Fills in the defaults. Throws `TypeError` on options that contradict each other or cannot be. */
export function settle(options: ServerOptions): SettledOptions {
  const clock = options.clock ?? systemClock
  const settled = { ...serverDefaults, channels: {}, logs: {}, ...defined(options), clock }
  assertBase(settled.base)
  for (const name of ['heartbeatMs', 'pingMs', 'presenceTimeoutMs'] as const) {
    const value = settled[name]
    if (!(value >= 100 && value <= 300_000))
      throw new TypeError(`${name} is from 100 to 300000 milliseconds, not ${value}.`)
  }
  for (const name of [...Object.keys(settled.channels), ...Object.keys(settled.logs)]) assertChannel(name)
  for (const log of [options.log, ...Object.values(settled.logs)]) assertLog(log)
  if (settled.dev && (options.authenticate || options.tokens || options.tickets)) {
    throw new TypeError(
      'dev: true lets everyone in, so authenticate, tokens and tickets would never be asked: leave one of them out.',
    )
  }
  if (settled.dev && process.env.NODE_ENV === 'production') {
    throw new TypeError(
      'Development mode is refused with NODE_ENV=production: declare channels with rules instead.',
    )
  }
  const hide = hiding([options.log, ...Object.values(settled.logs)].flatMap(logUrlSecrets))
  const logger = options.logger && new CarefulLogger(options.logger, hide, clock)
  return {
    ...settled,
    log: options.log ?? memoryLog({ clock }),
    limits: settleLimits(options.limits, settled.dev),
    presence: options.presence ?? ownPresence(options.log, settled.presenceTimeoutMs, clock),
    logger: logger ?? silentLogger,
    onError: failureReporter({ onError: options.onError, logger, hide }),
    hide,
  }
}

/** A URL brings the presence store of its place; a log that was made elsewhere does not. */
function ownPresence(
  log: ChannelLog | string | undefined,
  timeoutMs: number,
  clock: Clock,
): PresenceStore | undefined {
  return typeof log === 'string' ? undefined : memoryPresence({ timeoutMs, clock })
}

/** Told at once, and not when the log is opened. */
function assertLog(log: ChannelLog | string | undefined): void {
  if (typeof log !== 'string') return
  const { kind } = parseLogUrl(log)
  if (kind === 'memory' || kind === 'lmdb') assertSoleProcess(`The log ${log}`)
}

function assertBase(base: string): void {
  if (isChannelName(base.slice(1)) && base.startsWith('/')) return
  throw new TypeError(
    `base is a path such as /live, without a slash at its end, not ${JSON.stringify(base)}.`,
  )
}

function assertChannel(name: string): void {
  if (
    isChannelName(name.replaceAll('*', 'x')) &&
    name.split('/').every((part) => part === '*' || !part.includes('*'))
  )
    return
  throw new TypeError(
    `${JSON.stringify(name)} is no channel name; a pattern has * for a whole segment, as in chat/*.`,
  )
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>
}

/** Whether a value can be `trustProxy`. */
export function isTrustProxy(value: unknown): value is TrustProxy {
  try {
    trustedProxy(value as TrustProxy)
    return true
  } catch {
    return false
  }
}
