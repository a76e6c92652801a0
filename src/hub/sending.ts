import {
  type Durability,
  FairleadError,
  formatPosition,
  isFairleadError,
  type Payload,
  type Position,
  parseChannelName,
  parseEventName,
  parsePosition,
  parseTag,
  type SendRequest,
  toPayload,
} from '../protocol/index.ts'
import { type Awaitable, andThen } from './awaitable.ts'
import type { SendContext } from './channels.ts'
import type { DeclaredChannel } from './declared.ts'
import type { Hub } from './hub.ts'
import { stopwatch } from './metrics.ts'
import type { Session } from './session.ts'
import { isValidated, validate } from './validation.ts'

/** What became of an append. */
export interface Kept {
  /** The event's position; `undefined` on a channel that keeps nothing. */
  readonly id: string | undefined
  readonly durability: Durability
}

/** What became of a send. */
export interface SendAnswer {
  /** The event appended to the send's channel, if one was kept. */
  readonly id?: string | undefined
  readonly durability?: Durability | undefined
  /** What the handler answered, as JSON text. */
  readonly data?: string | undefined
}

/** One append, as it will be made. */
interface Append {
  readonly channel: string
  readonly event: string
  readonly payload: Payload
  readonly tag?: string | undefined
  readonly after?: Position | undefined
  readonly key?: string | undefined
  /** Stands for what the sender sent, when a handler changes it before the append. */
  readonly fingerprint?: string | undefined
}

/** Gives a send that was let in to the channel's handler, or appends it as it came. */
export function sendEvent(session: Session, request: SendRequest): Awaitable<SendAnswer> {
  const { hub } = session
  hub.flow.sent(request.channel, request.payload.length)
  const declared = hub.declared.find(request.channel)
  const { events, onSend } = declared.declaration ?? {}
  const scoped = request.key === undefined ? request : { ...request, key: scopedKey(session, request.key) }
  if (!onSend && !isValidated(events)) return append(hub, scoped)
  return takeData(session, declared, request, scoped)
}

/** Has what was sent looked at by the channel's validator, its handler or both. */
async function takeData(
  session: Session,
  declared: DeclaredChannel,
  request: SendRequest,
  scoped: SendRequest,
): Promise<SendAnswer> {
  const { events, onSend } = declared.declaration!
  const sent: unknown = typeof request.payload === 'string' ? JSON.parse(request.payload) : request.payload
  const data = isValidated(events) ? await run(session, () => validate(events, request.event, sent)) : sent
  return onSend ? handle(session, declared, { ...request, data }, scoped.key) : append(session.hub, scoped)
}

/** Appends one event and says what was made of it: at once, where the log has nothing to wait for. */
export function append(hub: Hub, request: Append): Awaitable<Kept> {
  const { channel, event, payload, tag, key, after, fingerprint } = request
  const { declaration } = hub.declared.find(channel)
  const began = stopwatch()
  const topics = hub.logs.of(channel)
  const { log } = topics
  const stored = { channel, event, payload, tag }
  const options = { key, after, fingerprint, retention: declaration?.retention }
  const appended = log.appendNow ? log.appendNow(stored, options) : log.append(stored, options)
  return andThen(appended, ({ offset, epoch, durability }) => {
    if (offset !== null) topics.appended(channel, offset)
    hub.metrics.publishes.observe((stopwatch() - began) / 1000)
    return { id: offset === null ? undefined : formatPosition(epoch, offset), durability }
  })
}

async function handle(
  session: Session,
  { name, declaration }: DeclaredChannel,
  request: SendRequest & { readonly data: unknown },
  key: string | undefined,
): Promise<SendAnswer> {
  let answer: SendAnswer = {}
  let appends = 0
  const publish: SendContext['publish'] = async (options = {}) => {
    const channel = options.channel === undefined ? name.name : parseChannelName(options.channel)
    const done = await append(session.hub, {
      channel,
      event: options.event === undefined ? request.event : parseEventName(options.event),
      payload: 'data' in options ? toPayload(options.data) : request.payload,
      tag: options.tag === undefined ? request.tag : parseTag(options.tag),
      after: options.after === undefined ? undefined : parsePosition(options.after),
      // The handler may run twice for one key, but makes its appends in the same order: each has a key of its own.
      key: key === undefined ? undefined : `${key}#${appends++}`,
      fingerprint: fingerprint(request),
    })
    if (channel === name.name) answer = done
    return { id: done.id }
  }
  const data = await run(session, () => declaration!.onSend!(context(session, name, request, publish)))
  return data === undefined ? answer : { ...answer, data: await run(session, () => jsonText(data)) }
}

function context(
  session: Session,
  channel: SendContext['channel'],
  request: SendRequest & { readonly data: unknown },
  publish: SendContext['publish'],
): SendContext {
  const { event, data, key, after, tag } = request
  return { channel, event, data, who: session.who, key, after, tag, signal: session.signal, publish }
}

/** Runs the application's code: its refusals pass, its faults are reported and answered without their text. */
async function run<T>(session: Session, handler: () => T): Promise<Awaited<T>> {
  try {
    return await handler()
  } catch (error) {
    if (isFairleadError(error)) throw error
    session.hub.onError(error, 'handler')
    throw new FairleadError('internal', 'The handler of this channel failed.', { cause: error })
  }
}

function jsonText(data: unknown): string {
  const payload = toPayload(data)
  if (typeof payload === 'string') return payload
  throw new TypeError('A handler answers with a value that can be written as JSON, not with bytes.')
}

/** The scope of a key: who sent, and the key. The log adds the channel. Structured, so that no two can collide. */
function scopedKey(session: Session, key: string): string {
  return JSON.stringify([session.who?.id ?? null, key])
}

function fingerprint({ event, payload }: SendRequest): string {
  return JSON.stringify([
    event,
    typeof payload === 'string' ? payload : Buffer.from(payload).toString('base64'),
  ])
}
