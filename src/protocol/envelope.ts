import { encodeBase64 } from './base64.ts'
import { FairleadError } from './errors.ts'
import type { ServerMessage } from './messages.ts'
import type { Payload } from './payload.ts'

/** An event's envelope but for its payload. */
export interface EventHeader {
  channel: string
  /** Its position as text; absent on a channel that keeps nothing. */
  id?: string | undefined
  event: string
  /** The appending server's clock, in milliseconds. */
  time: number
  tag?: string | undefined
}

/** What one envelope of an event says. */
export interface EventFields extends EventHeader {
  payload: Payload
}

/**
 * Writes an event's envelope (PROTOCOL.md, section 5). JSON text is carried as it stands, so it must have been checked
 * by `parseJsonPayload`; bytes become base64 under `bytes`.
 */
export function encodeEventMessage(fields: EventFields): string {
  const { payload } = fields
  return envelope(
    fields,
    typeof payload === 'string' ? `,"data":${payload}` : `,"bytes":"${encodeBase64(payload)}"`,
  )
}

/** The same without a payload: the header of a binary message, whose bytes follow it. */
export function encodeEventHeader(fields: EventHeader): string {
  return envelope(fields, '')
}

function envelope({ channel, id, event, time, tag }: EventHeader, payload: string): string {
  const idField = id === undefined ? '' : `,"id":${quoted(id)}`
  const tagField = tag === undefined ? '' : `,"tag":${quoted(tag)}`
  return `{"op":"event","channel":${quoted(channel)}${idField},"event":${quoted(event)}${payload},"time":${time}${tagField}}`
}

/** A name as JSON. Most hold nothing that has to be escaped, and to look costs less than to have them written. */
function quoted(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i)
    if (unit < 0x20 || unit > 0x7e || unit === 0x22 || unit === 0x5c) return JSON.stringify(name)
  }
  return `"${name}"`
}

const serverOps: Readonly<Record<ServerMessage['op'], true>> = {
  event: true,
  ok: true,
  error: true,
  heartbeat: true,
  reset: true,
  bye: true,
  denied: true,
  presence: true,
  auth_expiring: true,
}

/**
 * Reads a server's message. `undefined` for an op that is not known, which a reader ignores; the fields of a known one
 * are taken as the server wrote them. Throws `bad_message` when the text is no JSON object.
 */
export function parseServerMessage(text: string): ServerMessage | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FairleadError('bad_message', 'A message is one JSON text.', { cause })
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new FairleadError('bad_message', 'A message is a JSON object.')
  }
  const { op } = value as { op?: unknown }
  return typeof op === 'string' && Object.hasOwn(serverOps, op) ? (value as ServerMessage) : undefined
}
