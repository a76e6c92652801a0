import { deepStrictEqual } from 'node:assert/strict'
import { decodeBase64, sliceArray, sliceObject } from '../../protocol/index.ts'
import { openSse, type SseBlock } from '../wire/sse.ts'
import { openWebSocket, type WireMessage, type WireSocket } from '../wire/websocket.ts'
import type { Target } from './target.ts'

/** An event or a reset as any transport gives it. */
export interface Item {
  readonly op: 'event' | 'reset'
  readonly channel: string
  readonly id: string | undefined
  /** The event's name; of a reset its reason. */
  readonly event: string
  /** The payload as its own JSON text, byte for byte; of a reset its whole message. */
  readonly text: string | undefined
  readonly bytes: Uint8Array | undefined
}

/** Where to start reading. */
export interface Start {
  readonly after?: string | undefined
  readonly last?: number | undefined
}

/** One reader of some channels, on one transport. */
export interface Reader {
  next(): Promise<Item>
  /** Ends the connection at once. */
  cut(): void
  /** The same reader on a new connection, from where this one stood. */
  again(): Promise<Reader>
}

/** A way to read. `open` resolves when every later event will be given. */
export interface ReaderKind {
  readonly name: string
  /** Whether events come in offset order over all channels (a WebSocket has a position for each). */
  readonly oneOrder: boolean
  open(target: Target, channels: readonly string[], start?: Start): Promise<Reader>
}

/** Every way to read a channel: the same cases run over each. */
export const readerKinds: readonly ReaderKind[] = [
  { name: 'sse', oneOrder: true, open: openPlain },
  { name: 'sse-envelope', oneOrder: true, open: openEnvelope },
  { name: 'websocket', oneOrder: false, open: openSubscriptions },
  { name: 'long-poll', oneOrder: true, open: openLongPoll },
]

/** The path and query that names the channels and where to start. */
function pathOf(channels: readonly string[], start: Start, more: Record<string, string> = {}): string {
  const one = channels.length === 1
  const query = new URLSearchParams(one ? [] : channels.map((name): [string, string] => ['channel', name]))
  if (start.after !== undefined) query.set('after', start.after)
  if (start.last !== undefined) query.set('last', String(start.last))
  for (const [name, value] of Object.entries(more)) query.set(name, value)
  return `${one ? `/${channels[0]}` : ''}?${query}`
}

// --- server-sent events, the plain stream ---

async function openPlain(
  target: Target,
  channels: readonly string[],
  start: Start = {},
  lastEventId?: string,
) {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const stream = target.own(await openSse(target.url(pathOf(channels, start)), { headers }))
  deepStrictEqual(stream.status, 200)
  let position = (await stream.next()).id
  const reader: Reader = {
    async next() {
      const block = await stream.event()
      position = block.id ?? position
      return toItem(block, channels)
    },
    cut: stream.cut,
    // As a browser does: the same URL, with the last id in the header.
    again: () => openPlain(target, channels, start, position),
  }
  return reader
}

function toItem(block: SseBlock, channels: readonly string[]): Item {
  const { id, data = '' } = block
  if (block.event === '$reset') return { ...toReset(data), id }
  const split = channels.length === 1 ? -1 : block.event.indexOf(':')
  const channel = split === -1 ? channels[0]! : block.event.slice(0, split)
  const event = block.event.slice(split + 1)
  const base64 = /^data:application\/octet-stream;base64,(.*)$/.exec(data)?.[1]
  const bytes = base64 === undefined ? undefined : decodeBase64(base64)
  return { op: 'event', channel, id, event, text: bytes ? undefined : data, bytes }
}

// --- server-sent events with the envelope, as the SDK reads them ---

async function openEnvelope(target: Target, channels: readonly string[], start: Start = {}) {
  const path = pathOf(channels, start, { format: 'envelope' })
  const stream = target.own(await openSse(target.url(path)))
  deepStrictEqual(stream.status, 200)
  let position = (await stream.next()).id
  const reader: Reader = {
    async next() {
      const block = await stream.event()
      position = block.id ?? position
      return fromEnvelope(block.data ?? '')
    },
    cut: stream.cut,
    again: () => openEnvelope(target, channels, position === undefined ? start : { after: position }),
  }
  return reader
}

/** Reads an event or a reset out of an envelope's text. */
function fromEnvelope(text: string, binary?: Uint8Array): Item {
  const fields = sliceObject(text)
  const string = (name: string): string | undefined => {
    const raw = fields.get(name)
    return raw === undefined ? undefined : (JSON.parse(raw) as string)
  }
  const op = string('op')
  if (op === 'reset') return toReset(text)
  const channel = string('channel') ?? ''
  const id = string('id')
  deepStrictEqual(op, 'event', `neither an event nor a reset: ${text.slice(0, 200)}`)
  const base64 = string('bytes')
  const bytes = binary ?? (base64 === undefined ? undefined : decodeBase64(base64))
  return { op: 'event', channel, id, event: string('event') ?? '', text: fields.get('data'), bytes }
}

// --- WebSocket with a subscription a channel ---

async function openSubscriptions(target: Target, channels: readonly string[], start: Start = {}) {
  return subscribe(target, new Map(channels.map((channel) => [channel, start])))
}

async function subscribe(target: Target, starts: ReadonlyMap<string, Start>): Promise<Reader> {
  const socket: WireSocket = target.own(await openWebSocket(target.url('')))
  const held = new Map(starts)
  for (const [channel, start] of starts) {
    const answer = await socket.ask({ op: 'subscribe', channel, ...start })
    deepStrictEqual(answer.op, 'ok', `subscribe was answered ${JSON.stringify(answer.envelope)}`)
    held.set(channel, { after: String(answer.envelope.position) })
  }
  return {
    async next() {
      const item = fromMessage(await socket.next())
      if (item.id !== undefined) held.set(item.channel, { after: item.id })
      return item
    },
    cut: socket.cut,
    again: () => subscribe(target, held),
  }
}

function toReset(text: string): Item {
  const { channel, id, reason } = JSON.parse(text) as { channel: string; id?: string; reason: string }
  return { op: 'reset', channel, id, event: reason, text, bytes: undefined }
}

/** Reads an event or a reset out of a WebSocket's message. */
function fromMessage(message: WireMessage): Item {
  const text = `{${[...message.fields].map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join()}}`
  return fromEnvelope(text, message.bytes)
}

// --- long-poll ---

async function openLongPoll(target: Target, channels: readonly string[], start: Start = {}): Promise<Reader> {
  let position = start.after
  // What was given on, not what a poll answered: a reader that is cut has seen no more.
  let given: string | undefined
  const waiting: Item[] = []
  let cut = false

  async function poll(query: Start, more: Record<string, string>): Promise<void> {
    const answer = await target.http(pathOf(channels, query, more))
    deepStrictEqual(answer.status, 200, answer.body)
    const fields = sliceObject(answer.body)
    for (const text of sliceArray(fields.get('reset') ?? '[]')) waiting.push(toReset(text))
    for (const text of sliceArray(fields.get('events') ?? '[]')) waiting.push(fromEnvelope(text))
    position = String(JSON.parse(fields.get('position') ?? 'null'))
  }

  if (position === undefined || position === 'latest') await poll(start, { limit: '1000' })
  if (waiting.length === 0) given = position
  return {
    async next() {
      for (let polls = 0; waiting.length === 0; polls++) {
        deepStrictEqual([cut, polls < 2], [false, true], 'nothing came for twenty seconds')
        await poll({ after: position }, { wait: '10', limit: '1000' })
      }
      const item = waiting.shift()!
      given = waiting.length === 0 ? position : item.id
      return item
    },
    cut() {
      cut = true
    },
    again: () => openLongPoll(target, channels, given === undefined ? start : { after: given }),
  }
}
