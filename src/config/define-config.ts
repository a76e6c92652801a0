import type { ChannelLog } from '../hub/channel-log.ts'
import type { Channels } from '../hub/channels.ts'
import type { ServerOptions } from '../server/options.ts'

/** The options of a server that a configuration has too, with the same meaning. */
type SharedOption =
  | 'base'
  | 'dev'
  | 'channels'
  | 'authenticate'
  | 'tokens'
  | 'tickets'
  | 'limits'
  | 'trustProxy'
  | 'operations'
  | 'origins'
  | 'heartbeatMs'
  | 'pingMs'
  | 'presenceTimeoutMs'

/**
 * What a `fairlead.config.js` or `fairlead.config.json` may hold, for `fairlead serve`. Every field may be left out.
 * Flags and environment variables go before it: `fairlead help serve` lists them. Without `channels`, `dev` is true.
 */
export interface FairleadConfig<C extends Channels = Channels> extends Pick<ServerOptions<C>, SharedOption> {
  /** TCP port; 0 takes any free one. @default 8080 */
  readonly port?: number
  /** The address to listen on. @default 'localhost': 127.0.0.1 and ::1 */
  readonly host?: string
  /**
   * Where events are kept: a log's URL (`memory`, `lmdb:./data`, `redis://…`, `nats://…`), or a log of your own making.
   * @default 'memory'
   */
  readonly log?: string | ChannelLog
  /** How many processes share the port; `auto` is one per core. @default 1 */
  readonly workers?: number | 'auto'
  /**
   * What the lines on the standard error look like: for people, or one JSON object each.
   * @default 'text'; in development mode no lines but failures
   */
  readonly logFormat?: 'text' | 'json'
}

/** Types a configuration; returns it as it is. */
export function defineConfig<const C extends Channels>(config: FairleadConfig<C>): FairleadConfig<C> {
  return config
}
