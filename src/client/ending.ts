import { isFinalClose } from '../protocol/close-codes.ts'
import type { ErrorCode } from '../protocol/error-status.ts'
import { FairleadError, isTemporary } from '../protocol/errors.ts'

/**
 * Why a stream, or a batch of sends, came to its end: thrown inside a transport, handed to the link. The message is for
 * a person, and becomes the state's reason.
 */
export interface Ending extends Error {
  /**
   * - none, as in what `fetch` throws: the connection is lost. The same again soon; another transport if that fails too.
   * - `retry`: the server spoke, and asks to come back later. Says nothing against the transport.
   * - `denied`: none of the stream's channels may be read.
   * - `final`: refused for good.
   */
  readonly kind?: 'retry' | 'denied' | 'final'
  /** Of `retry`: how long the server asked to wait, if it said. */
  readonly retryMs?: number | undefined
  /** Of `denied` and `final`. */
  readonly refusal?: FairleadError
  /** Nothing came in time: a slow network looks the same as a proxy that holds everything back. */
  readonly slow?: boolean
}

/** Makes an ending. */
export const ending = (reason: string, kind?: Ending['kind'], more?: Partial<Ending>): Ending =>
  Object.assign(new Error(reason), { kind, ...more })

/** A refusal as the wire has it. */
export interface WireError {
  readonly code: string
  readonly message: string
  readonly position?: string | undefined
  readonly path?: string | undefined
}

/** The error that an application sees. */
export const errorOf = ({ code, message, position, path }: WireError): FairleadError =>
  new FairleadError(code as ErrorCode, message, { position, path })

/** The ending that a refusal makes: for now, or of this kind. */
export const refused = (error: WireError, kind: 'denied' | 'final' = 'final'): Ending =>
  isTemporary(error.code)
    ? ending(error.message, 'retry')
    : ending(error.message, kind, { refusal: errorOf(error) })

/** Refusals of the client or its whole request; all others are about the channels that were asked for. */
const aboutClient = [
  400,
  405,
  406,
  414,
  431,
  'invalid_token',
  'token_expired',
  'host_not_allowed',
  'origin_not_allowed',
]

/**
 * What an HTTP refusal says. Only Fairlead's own, `application/problem+json`, end a client for good: a proxy's 403, or
 * a balancer's 404 in the middle of a deploy, may be gone in a minute.
 */
export async function responseEnding(response: Response): Promise<Ending> {
  const { status, headers } = response
  const isOurs = headers.get('content-type') === 'application/problem+json'
  const { code, detail: message = `Status ${status}.` } = isOurs ? await response.json() : {}
  const retryMs = Number(headers.get('retry-after')) * 1000 || undefined
  if (retryMs || (code && status >= 500)) return ending(message, 'retry', { retryMs })
  if (!code) return ending(message)
  const isFinal = aboutClient.includes(status) || aboutClient.includes(code)
  return refused({ code, message }, isFinal ? 'final' : 'denied')
}

/** What a WebSocket's close says. */
export function closeEnding({ code = 1006, reason }: Partial<CloseEvent>): Ending {
  const message = `WebSocket closed: ${code} ${reason}`
  if (isFinalClose(code)) return refused({ code: code > 4000 ? 'forbidden' : 'bad_message', message })
  return ending(message, code < 4100 ? undefined : 'retry')
}
