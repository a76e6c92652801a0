import { serverDefaults } from '../server/options.ts'
import type { FairleadConfig } from './define-config.ts'
import { kinds, type ValueKind } from './value-kinds.ts'

/** One option of `fairlead serve`: help, `--print-config` and the checks are all made from it. */
export interface ConfigOption {
  readonly key: keyof FairleadConfig
  readonly kind: ValueKind
  readonly description: string
  /** Left out: none, or worked out when the rest is known. */
  readonly default?: unknown
  /** The environment variable, which goes before the file. */
  readonly env?: string
  /** The flag, which goes before everything, and what stands for its value in help. */
  readonly flag?: { readonly name: string; readonly placeholder: string }
  /** Never shown. */
  readonly secret?: boolean
}

/** Every option, in the order in which they are shown. */
export const configOptions: readonly ConfigOption[] = [
  {
    key: 'port',
    kind: kinds.port,
    description: 'TCP port; 0 takes any free one',
    default: 8080,
    env: 'FAIRLEAD_PORT',
    flag: { name: 'port', placeholder: 'N' },
  },
  {
    key: 'host',
    kind: kinds.host,
    description: 'Address to listen on; localhost is 127.0.0.1 and ::1',
    default: 'localhost',
    env: 'FAIRLEAD_HOST',
    flag: { name: 'host', placeholder: 'H' },
  },
  {
    key: 'base',
    kind: kinds.path,
    description: 'Path under which Fairlead answers',
    default: serverDefaults.base,
    env: 'FAIRLEAD_BASE',
    flag: { name: 'base', placeholder: 'PATH' },
  },
  {
    key: 'log',
    kind: kinds.log,
    description: 'Where events are kept: memory, lmdb:PATH, redis://… or nats://…',
    default: 'memory',
    env: 'FAIRLEAD_LOG',
    flag: { name: 'log', placeholder: 'URL' },
  },
  {
    key: 'workers',
    kind: kinds.workers,
    description: 'Processes that share the port; auto is one per core',
    default: 1,
    env: 'FAIRLEAD_WORKERS',
    flag: { name: 'workers', placeholder: 'N' },
  },
  {
    key: 'dev',
    kind: kinds.yesOrNo,
    description:
      'Development mode: anyone on this machine may read and send every channel. Default: only without channels',
  },
  { key: 'channels', kind: kinds.channels, description: 'The channels: who may read and send, what is kept' },
  { key: 'authenticate', kind: kinds.callback, description: 'Says who sent a request' },
  {
    key: 'tokens',
    kind: kinds.tokens,
    description: 'Verifies bearer tokens: tokens({ keys }), with the keys they are signed with',
    secret: true,
  },
  {
    key: 'tickets',
    kind: kinds.tickets,
    description: 'Makes and verifies tickets for a native EventSource: tickets({ keys })',
    secret: true,
  },
  {
    key: 'limits',
    kind: kinds.limits,
    description:
      'What a process takes on, in all and per connection, identity and address. Default: careful ones, none in development mode',
  },
  {
    key: 'trustProxy',
    kind: kinds.trustProxy,
    description:
      'Whose X-Forwarded headers are believed: nobody (false), so many proxies in front, or those of these networks (in the variable: separated by commas)',
    default: serverDefaults.trustProxy,
    env: 'FAIRLEAD_TRUST_PROXY',
  },
  {
    key: 'operations',
    kind: kinds.operations,
    description: 'A port of its own for /healthz, /readyz and /metrics: { port, host }; of one process only',
  },
  {
    key: 'logFormat',
    kind: kinds.logFormat,
    description:
      'Lines on the standard error: text or json. Default: text, and in development mode failures only',
    env: 'FAIRLEAD_LOG_FORMAT',
    flag: { name: 'log-format', placeholder: 'FORMAT' },
  },
  {
    key: 'origins',
    kind: kinds.origins,
    description: 'Origins whose pages may use the server (in the variable: separated by commas)',
    default: serverDefaults.origins,
    env: 'FAIRLEAD_ORIGINS',
  },
  {
    key: 'heartbeatMs',
    kind: kinds.milliseconds,
    description: 'How long a stream may be silent before a heartbeat',
    default: serverDefaults.heartbeatMs,
    env: 'FAIRLEAD_HEARTBEAT_MS',
  },
  {
    key: 'pingMs',
    kind: kinds.milliseconds,
    description: 'How often a WebSocket is pinged; it is dropped after two unanswered',
    default: serverDefaults.pingMs,
    env: 'FAIRLEAD_PING_MS',
  },
  {
    key: 'presenceTimeoutMs',
    kind: kinds.milliseconds,
    description: 'How long a member may be silent before it is gone',
    default: serverDefaults.presenceTimeoutMs,
    env: 'FAIRLEAD_PRESENCE_TIMEOUT_MS',
  },
]
