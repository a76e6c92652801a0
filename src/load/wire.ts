import type { ResetMessage } from '../protocol/index.ts'

/** What a wire tells of what came on it. */
export interface WireSink {
  /** An event, with its id (absent on a channel that keeps nothing) and a text that has its payload in it. */
  event(id: string | undefined, text: string): void
  /** The stream says where it stands. */
  position(id: string): void
  /** Events may be missing: the stream goes on after `latest`. */
  reset(latest: string): void
  /** The stream is there: every event from now on will come. Once for each connection. */
  opened(): void
  /** The connection ended and nobody here asked for it, or there was never one: `why`. At most once. */
  ended(why: string): void
}

/** Where to connect, and after which position to start: `undefined` reads from now on. */
export interface WireStart {
  /** The URL of a channel, or of several: `…/live/orders`, `…/live?channel=a&channel=b`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly after: string | undefined
}

/** Opens one connection; the answer cuts it, after which the sink hears nothing more. */
export type Wire = (start: WireStart, sink: WireSink) => () => void

/** The URL with where to start. */
export function urlOf({ url, after }: WireStart, more: Readonly<Record<string, string>> = {}): URL {
  const full = new URL(url)
  if (after !== undefined) full.searchParams.set('after', after)
  for (const [name, value] of Object.entries(more)) full.searchParams.set(name, value)
  return full
}

/** As our server writes it; anything else is parsed. Parsing each event would measure the reader. */
const eventHead = /^\{"op":"event","channel":"[^"]*"(?:,"id":"([^"]*)")?,"event":/

/** Tells the sink what an envelope is. */
export function readEnvelope(text: string, sink: WireSink): void {
  const event = eventHead.exec(text)
  if (event) return sink.event(event[1], text)
  const message = JSON.parse(text) as { op?: string; id?: string; reason?: string }
  if (message.op === 'event') sink.event(message.id, text)
  else if (message.op === 'reset') sink.reset((message as ResetMessage).latest)
  else if (message.op === 'heartbeat' && message.id !== undefined) sink.position(message.id)
}

/** A sink that hears nothing after its wire was cut, nor after its end. */
export function untilCut(sink: WireSink, cut: () => void): { sink: WireSink; cut: () => void } {
  let live = true
  const end = (): boolean => {
    const was = live
    live = false
    return was
  }
  return {
    sink: {
      event: (id, text) => void (live && sink.event(id, text)),
      position: (id) => void (live && sink.position(id)),
      reset: (latest) => void (live && sink.reset(latest)),
      opened: () => void (live && sink.opened()),
      ended: (why) => void (end() && sink.ended(why)),
    },
    cut: () => void (end() && cut()),
  }
}
