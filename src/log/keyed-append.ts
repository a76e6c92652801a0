import { hash } from 'node:crypto'
import type { AppendOptions, NewEvent } from '../hub/channel-log.ts'
import type { Payload } from '../protocol/index.ts'

/** How long a key is remembered, in milliseconds. */
export const rememberMs = 10 * 60_000

/** An append under a key: which key of which channel, and what stands for the sender's bytes. */
export interface KeyedAppend {
  readonly scope: string
  readonly fingerprint: string
}

/** Names an append's key within its channel. `undefined` without a key. */
export function keyedAppend(event: NewEvent, options: AppendOptions): KeyedAppend | undefined {
  if (options.key === undefined) return undefined
  // The length keeps channel and key apart whatever stands in them.
  const scope = `${event.channel.length}:${event.channel}${options.key}`
  const fingerprint = options.fingerprint ?? describeContent(event.event, event.payload)
  // Digests, so that a million keys hold neither a million payloads nor the requests that the keys were cut out of.
  return { scope: hash('sha256', scope, 'base64'), fingerprint: hash('sha256', fingerprint, 'base64') }
}

function describeContent(event: string, payload: Payload): string | Uint8Array {
  const head = `${event.length}:${event}:`
  if (typeof payload === 'string') return `${head}text:${payload}`
  return Buffer.concat([Buffer.from(`${head}bytes:`), payload])
}
