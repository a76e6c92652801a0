import { deepStrictEqual } from 'node:assert/strict'
import { encodeBase64 } from '../../protocol/index.ts'
import { openWebSocket } from '../wire/websocket.ts'
import { newKey, post, type Target } from './target.ts'

/** One event to send. The payload is a JSON text, sent as it is, or bytes. */
export interface Sending {
  readonly payload: string | Uint8Array
  readonly event?: string | undefined
  readonly key?: string | undefined
  readonly after?: string | undefined
  readonly tag?: string | undefined
}

/** What any transport answered to a send. */
export interface Answer {
  /** The code of the refusal; absent when it was taken. */
  readonly code?: string | undefined
  readonly id?: string | undefined
  readonly durability?: string | undefined
  readonly position?: string | undefined
  /** What a handler answered. */
  readonly data?: unknown
}

/** Sends one event after the other to a channel. */
export type Sender = (channel: string, sending: Sending) => Promise<Answer>

/** A way to send. */
export interface SenderKind {
  readonly name: string
  open(target: Target): Promise<Sender>
}

/** Every way to send an event: the same cases run over each. */
export const senderKinds: readonly SenderKind[] = [
  { name: 'post', open: async (target) => (channel, sending) => sendByPost(target, channel, sending) },
  { name: 'batch', open: async (target) => (channel, sending) => sendByBatch(target, channel, sending) },
  { name: 'websocket', open: openBySocket },
]

async function sendByPost(target: Target, channel: string, sending: Sending): Promise<Answer> {
  const query = new URLSearchParams()
  for (const name of ['event', 'after', 'tag'] as const) {
    const value = sending[name]
    if (value !== undefined) query.set(name, value)
  }
  const key: Record<string, string> = sending.key === undefined ? {} : { 'idempotency-key': sending.key }
  const answer = await target.http(`/${channel}?${query}`, post(sending.payload, key))
  if (answer.status === 204) return {}
  const body = answer.json()
  if (answer.status >= 400) deepStrictEqual(body.status, answer.status)
  else deepStrictEqual(answer.status, 'id' in body ? 201 : 200)
  return body as Answer
}

async function sendByBatch(target: Target, channel: string, sending: Sending): Promise<Answer> {
  const text = `[${messageText(channel, { key: newKey(), ...sending }, 5)}]`
  const answer = await target.http('', post(text))
  deepStrictEqual(answer.status, 200, answer.body)
  const answers = JSON.parse(answer.body) as (Answer & { op: string; ref: number })[]
  deepStrictEqual(
    answers.map((one) => one.ref),
    [5],
  )
  return answers[0]!
}

async function openBySocket(target: Target): Promise<Sender> {
  const socket = target.own(await openWebSocket(target.url('')))
  let ref = 0
  return async (channel, sending) => {
    const mine = ++ref
    if (typeof sending.payload !== 'string') {
      const { payload, ...rest } = sending
      return (await socket.ask({ op: 'send', channel, ...rest }, payload)).envelope
    }
    socket.send(messageText(channel, sending, 1_000_000 + mine))
    const answer = await socket.messages.take('the answer to a send', (message) => {
      return message.envelope.ref === 1_000_000 + mine
    })
    return answer.envelope
  }
}

/** A `send` with its payload spliced in as it stands: JSON.stringify would write its numbers anew. */
export function messageText(channel: string, sending: Sending, ref: number): string {
  const { payload, ...rest } = sending
  const head = JSON.stringify({ op: 'send', ref, channel, ...rest })
  const body = typeof payload === 'string' ? `"data":${payload}` : `"bytes":"${encodeBase64(payload)}"`
  return `${head.slice(0, -1)},${body}}`
}
