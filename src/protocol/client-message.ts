import { parseBase64 } from './base64.ts'
import { FairleadError } from './errors.ts'
import { sliceArray, sliceMember } from './json-slices.ts'
import * as limits from './limits.ts'
import type { AuthMessage, UnsubscribeMessage } from './messages.ts'
import { parseChannelName, parseClientId, parseEventName, parseKey, parseTag } from './names.ts'
import { checkJsonPayload, type Payload, parseBytesPayload } from './payload.ts'
import { type After, type Position, parseAfter, parsePosition } from './position.ts'

/** A `send` that has been checked, with its payload as it will be carried. */
export interface SendRequest {
  channel: string
  event: string
  payload: Payload
  key: string | undefined
  after: Position | undefined
  tag: string | undefined
  batch: number | undefined
}

/** A `subscribe` that has been checked. */
export interface SubscribeRequest {
  channel: string
  after: After | undefined
  last: number | undefined
  client: string | undefined
}

/** A client's message, split only as far as its `op` and `ref`: what is wrong inside it can then be answered. */
export interface RawClientMessage {
  op: 'subscribe' | 'unsubscribe' | 'send' | 'auth'
  ref: number
  /** All that it said, nothing of it checked. */
  fields: Fields
  /** Its payload, as it was written. */
  data: string | undefined
}

type Fields = Readonly<Record<string, unknown>>

const ops: ReadonlySet<string> = new Set(['subscribe', 'unsubscribe', 'send', 'auth'])

/** Splits an untrusted message. Throws `bad_message` when it is none: then nothing can be answered by `ref`. */
export function splitClientMessage(text: string): RawClientMessage {
  const value = parseJson(text, 'bad_message')
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw bad('A message is a JSON object.')
  }
  const fields = value as Fields
  const op = read(fields, 'op', 'string')
  const ref = read(fields, 'ref', 'number')
  if (op === undefined || !ops.has(op)) throw bad('The op is none that this server knows.')
  if (ref === undefined || !Number.isSafeInteger(ref)) throw bad('Every message has a ref, a whole number.')
  return { op: op as RawClientMessage['op'], ref, fields, data: sliceMember(text, 'data') }
}

/**
 * Splits the untrusted body of `POST /live`: an array of at most 100 messages. All are split before any is done, so that
 * a batch with something else in it is refused as a whole. Throws `invalid_json`, `bad_message`, `payload_too_large`.
 */
export function splitBatch(text: string): RawClientMessage[] {
  if (!Array.isArray(parseJson(text, 'invalid_json'))) throw bad('A batch is a JSON array of messages.')
  const elements = sliceArray(text)
  if (elements.length > limits.batchMessages) {
    throw new FairleadError('payload_too_large', `A batch is at most ${limits.batchMessages} messages.`)
  }
  return elements.map(splitClientMessage)
}

/** The fields of a `subscribe`; `channel` stands in when the URL already names it. */
export function parseSubscribe({ fields }: RawClientMessage, channel?: string): SubscribeRequest {
  const after = read(fields, 'after', 'string')
  const last = read(fields, 'last', 'number')
  const client = read(fields, 'client', 'string')
  if (after !== undefined && last !== undefined) {
    throw new FairleadError('invalid_position', 'Give after or last, not both.')
  }
  return {
    channel: parseChannelName(read(fields, 'channel', 'string') ?? channel ?? ''),
    after: after === undefined ? undefined : parseAfter(after),
    last: last === undefined ? undefined : parseLast(last),
    client: client === undefined ? undefined : parseClientId(client),
  }
}

/** The channel of an `unsubscribe`. */
export function parseUnsubscribe(
  { fields }: RawClientMessage,
  channel?: string,
): UnsubscribeMessage['channel'] {
  return parseChannelName(read(fields, 'channel', 'string') ?? channel ?? '')
}

/** The token of an `auth`. */
export function parseAuth({ fields }: RawClientMessage): AuthMessage['token'] {
  const token = read(fields, 'token', 'string')
  if (token === undefined) throw bad('An auth message has a token.')
  return token
}

/** The fields of a `send`; `bytes` are those of a binary message, which has no `data`. */
export function parseSend(message: RawClientMessage, channel?: string, bytes?: Uint8Array): SendRequest {
  const { fields } = message
  const key = read(fields, 'key', 'string')
  const after = read(fields, 'after', 'string')
  const tag = read(fields, 'tag', 'string')
  const batch = read(fields, 'batch', 'number')
  if (batch !== undefined && !Number.isSafeInteger(batch)) throw bad('A batch is a whole number.')
  return {
    channel: parseChannelName(read(fields, 'channel', 'string') ?? channel ?? ''),
    event: parseEventName(read(fields, 'event', 'string') ?? 'message'),
    payload: readPayload(message, bytes),
    key: key === undefined ? undefined : parseKey(key),
    after: after === undefined ? undefined : parsePosition(after),
    tag: tag === undefined ? undefined : parseTag(tag),
    batch,
  }
}

/** Checks `last=`. Throws `invalid_limit`. */
export function parseLast(last: number): number {
  if (Number.isSafeInteger(last) && last >= 0 && last <= limits.historyEvents) return last
  throw new FairleadError('invalid_limit', `last is a whole number from 0 to ${limits.historyEvents}.`)
}

function readPayload({ fields, data }: RawClientMessage, bytes: Uint8Array | undefined): Payload {
  const encoded = read(fields, 'bytes', 'string')
  const given = Number(bytes !== undefined) + Number(encoded !== undefined) + Number(data !== undefined)
  if (given !== 1) throw bad('A send has either data or bytes.')
  if (data !== undefined) return checkJsonPayload(data)
  return parseBytesPayload(bytes ?? parseBase64(encoded!))
}

interface Kinds {
  string: string
  number: number
}

function read<K extends keyof Kinds>(fields: Fields, name: string, kind: K): Kinds[K] | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === kind) return value as Kinds[K]
  throw bad(`The field ${name} is a ${kind}.`)
}

function parseJson(text: string, code: 'bad_message' | 'invalid_json'): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new FairleadError(code, 'A message is one JSON text.', { cause })
  }
}

function bad(message: string): FairleadError {
  return new FairleadError('bad_message', message)
}
