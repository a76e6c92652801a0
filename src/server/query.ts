import type { IncomingMessage } from 'node:http'
import type { StartRequest } from '../hub/start.ts'
import {
  type After,
  FairleadError,
  limits,
  parseAfter,
  parseChannelName,
  parseClientId,
  parseLast,
  parsePosition,
} from '../protocol/index.ts'
import { countHeader } from './edge.ts'

/** What a GET asks for, checked. */
export interface ReadQuery {
  readonly channels: readonly string[]
  readonly start: StartRequest
  /** `limit` or `wait` stands in the query: history, whatever `Accept` says. */
  readonly history: boolean
  readonly limit: number | undefined
  readonly waitMs: number | undefined
  readonly envelope: boolean
  readonly client: string | undefined
}

/** Reads the query of a stream, a history or an upgrade; `path` names the channel of its own URL. */
export function parseRead(request: IncomingMessage, query: string, path: string | undefined): ReadQuery {
  if (query === '' && path !== undefined) return wholeChannel(request, path)
  const params = new URLSearchParams(query)
  const named =
    path === undefined ? params.getAll('channel').map(parseNamed) : [{ channel: parseChannelName(path) }]
  const channels = [...new Set(named.map(({ channel }) => channel))]
  if (channels.length > limits.channelsPerStream) {
    throw new FairleadError(
      'too_many_channels',
      `One stream carries at most ${limits.channelsPerStream} channels.`,
    )
  }
  const limit = numberOf(params, 'limit', 'invalid_limit', 1, limits.historyEvents)
  const wait = numberOf(params, 'wait', 'invalid_wait', 0, limits.waitSeconds)
  const client = params.get('client')
  return {
    channels,
    start: startOf(request, params, named),
    history: limit !== undefined || wait !== undefined,
    limit,
    waitMs: wait === undefined ? undefined : wait * 1000,
    envelope: params.get('format') === 'envelope',
    client: client === null ? undefined : parseClientId(client),
  }
}

/** What nearly every reader asks for: a channel by its own URL, and nothing said of where. */
function wholeChannel(request: IncomingMessage, path: string): ReadQuery {
  const channel = parseChannelName(path)
  const header = lastEventId(request)
  return {
    channels: [channel],
    start: header === undefined ? {} : { after: parsePosition(header), resumed: true },
    history: false,
    limit: undefined,
    waitMs: undefined,
    envelope: false,
    client: undefined,
  }
}

interface Named {
  readonly channel: string
  readonly after?: After
}

/** `NAME` or `NAME@POSITION`. */
function parseNamed(text: string): Named {
  const at = text.indexOf('@')
  if (at === -1) return { channel: parseChannelName(text) }
  return { channel: parseChannelName(text.slice(0, at)), after: parseAfter(text.slice(at + 1)) }
}

function startOf(request: IncomingMessage, params: URLSearchParams, named: readonly Named[]): StartRequest {
  if (params.getAll('after').length > 1) throw new FairleadError('invalid_position', 'Give after once.')
  const after = params.get('after')
  const last = numberOf(params, 'last', 'invalid_limit', 0, limits.historyEvents)
  if (after !== null && last !== undefined) {
    throw new FairleadError('invalid_position', 'Give after or last, not both.')
  }
  const own = named.flatMap(({ channel, after }) => (after === undefined ? [] : [[channel, after] as const]))
  const starts = own.length === 0 ? undefined : new Map(own)
  const parsed = after === null ? undefined : parseAfter(after)
  // A browser repeats its page's URL at every reconnect; where it stands is in the header.
  const header = lastEventId(request)
  if (header !== undefined) return { after: parsePosition(header), starts, resumed: true }
  return { after: parsed, last: last === undefined ? undefined : parseLast(last), starts }
}

function lastEventId(request: IncomingMessage): string | undefined {
  if (countHeader(request, 'last-event-id') > 1)
    throw new FairleadError('invalid_position', 'Give Last-Event-ID once.')
  return request.headers['last-event-id'] as string | undefined
}

function numberOf(
  params: URLSearchParams,
  name: string,
  code: 'invalid_limit' | 'invalid_wait',
  least: number,
  most: number,
): number | undefined {
  const values = params.getAll(name)
  if (values.length === 0) return undefined
  const value = Number(values[0])
  if (values.length === 1 && /^[0-9]{1,6}$/.test(values[0]!) && value >= least && value <= most) return value
  throw new FairleadError(code, `${name} is a whole number from ${least} to ${most}.`)
}
