import { isChannelName } from '../protocol/index.ts'
import { type LimitsOptions, settleLimits } from '../server/limits-options.ts'
import { logForms, parseLogUrl } from '../server/log-url.ts'
import { isTrustProxy } from '../server/options.ts'
import { assertChannels } from './channels-shape.ts'
import { ConfigError, showPlace, type ValuePlace } from './config-error.ts'

/** How the values of an option are told from wrong ones, and read from the text of a flag or a variable. */
export interface ValueKind {
  /** What is expected, for messages: `a whole number from 0 to 65535`. */
  readonly expects: string
  /** Whether a value from a file is one. */
  accepts(value: unknown): boolean
  /** Reads a flag or an environment variable; absent where only a file can say it. What it gives must be accepted. */
  fromText?(text: string): unknown
  /** Looks closer at an accepted value. Throws `ConfigError` with the path inside it, such as `["orders"].read`. */
  inspect?(value: unknown, at: ValuePlace): void
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

function wholeNumber(min: number, max: number, unit = ''): ValueKind {
  return {
    expects: `a whole number${unit} from ${min} to ${max}`,
    accepts: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    fromText: (text) => (/^[0-9]+$/.test(text) ? Number(text) : text),
  }
}

function isOrigin(value: unknown): boolean {
  return (
    value === '*' || (isText(value) && URL.canParse(value) && new URL(value).origin === value.toLowerCase())
  )
}

/** More than any machine has cores: a slip of the finger. */
const maxWorkers = 256

function assertLogUrl(value: unknown, at: ValuePlace): void {
  if (typeof value !== 'string') return
  try {
    parseLogUrl(value)
  } catch (error) {
    throw new ConfigError(`${showPlace(at)}: ${error instanceof Error ? error.message : error}`)
  }
}

function assertLimits(value: unknown, at: ValuePlace): void {
  try {
    settleLimits(value as LimitsOptions, false)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new ConfigError(at.file === undefined ? error.message : `${at.file}: ${error.message}`)
  }
}

/** An address, a name or a list in any other field than these is a slip that would open nothing, or everything. */
function assertOperations(value: unknown, at: ValuePlace): void {
  const fields = { port: wholeNumber(0, 65_535), host: kinds.host } as const
  for (const [key, one] of Object.entries(value as object)) {
    const path = `.${key}`
    if (!Object.hasOwn(fields, key))
      throw new ConfigError(`${showPlace(at, path)} is no field of operations. It has: port, host.`)
    const kind = fields[key as keyof typeof fields]
    if (!kind.accepts(one))
      throw new ConfigError(`${showPlace(at, path)} must be ${kind.expects}, and is ${describeKind(one)}.`)
  }
  if (!('port' in (value as object))) throw new ConfigError(`${showPlace(at, '.port')} is missing.`)
}

function readTrustProxy(text: string): unknown {
  if (text === 'false') return false
  return /^[0-9]+$/.test(text) ? Number(text) : text.split(',').map((part) => part.trim())
}

/** The kinds of values that options have. */
export const kinds = {
  port: wholeNumber(0, 65_535),
  milliseconds: wholeNumber(100, 300_000, ' of milliseconds'),
  host: { expects: 'a host name or an IP address', accepts: isText, fromText: (text) => text },
  path: {
    expects: 'a path such as /live: segments of A-Z a-z 0-9 . _ ~ -, starting with / and not ending with one',
    accepts: (value) => isText(value) && value.startsWith('/') && isChannelName(value.slice(1)),
    fromText: (text) => text,
  },
  log: {
    expects: `${logForms}, or in a .js file a log such as redisLog({ client })`,
    accepts: (value) =>
      (isText(value) && /^(?:memory$|(?:lmdb|rediss?(?:\+cluster)?|nats):)/i.test(value)) ||
      (typeof value === 'object' && value !== null && 'append' in value && 'follow' in value),
    fromText: (text) => text,
    inspect: assertLogUrl,
  },
  workers: {
    expects: `a whole number from 1 to ${maxWorkers}, or auto`,
    accepts: (value) => value === 'auto' || wholeNumber(1, maxWorkers).accepts(value),
    fromText: (text) => (/^[0-9]+$/.test(text) ? Number(text) : text),
  },
  yesOrNo: { expects: 'true or false', accepts: (value) => typeof value === 'boolean' },
  origins: {
    expects: 'a list of origins such as https://shop.example, without a path; * is every one',
    accepts: (value) => Array.isArray(value) && value.every(isOrigin),
    fromText: (text) => text.split(',').map((part) => part.trim()),
  },
  callback: { expects: 'a function, in a .js file', accepts: (value) => typeof value === 'function' },
  tokens: {
    expects: 'what tokens({ keys: [{ alg, secret }] }) makes, in a .js file',
    accepts: (value) => typeof value === 'object' && value !== null && 'verify' in value && 'ready' in value,
  },
  tickets: {
    expects: 'what tickets({ keys: [secret] }) makes, in a .js file',
    accepts: (value) => typeof value === 'object' && value !== null && 'verify' in value && 'issue' in value,
  },
  limits: {
    expects: 'an object such as { "address": { "connections": 500 } }',
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    inspect: assertLimits,
  },
  trustProxy: {
    expects: 'false, a number of proxies from 1, or a list of networks such as 10.0.0.0/8',
    accepts: isTrustProxy,
    fromText: readTrustProxy,
  },
  operations: {
    expects: 'an object such as { "port": 9090, "host": "127.0.0.1" }',
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    inspect: assertOperations,
  },
  logFormat: {
    expects: 'text or json',
    accepts: (value) => value === 'text' || value === 'json',
    fromText: (text) => text,
  },
  channels: {
    expects: 'an object of channel declarations by name or pattern',
    accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    inspect: (value, at) => assertChannels(value as object, at),
  },
} as const satisfies Record<string, ValueKind>

/** Returns `value`, or throws `ConfigError` saying what `at` expects. The value itself is not repeated: it may be secret. */
export function assertKind(kind: ValueKind, value: unknown, at: ValuePlace): unknown {
  if (!kind.accepts(value))
    throw new ConfigError(`${showPlace(at)} must be ${kind.expects}, and is ${describeKind(value)}.`)
  kind.inspect?.(value, at)
  return value
}

/** What a wrong value is, without showing more of it than a number or a short plain word. */
function describeKind(value: unknown): string {
  if (value === null) return 'null'
  if (value === '') return 'empty'
  if (typeof value === 'string') return /^[\w.-]{1,24}$/.test(value) ? `"${value}"` : 'another text'
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return Array.isArray(value) ? 'a list with something else in it' : `of type ${typeof value}`
}
