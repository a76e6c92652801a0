import type { IncomingMessage } from 'node:http'
import type { Clock } from '../hub/clock.ts'
import { FairleadError } from '../protocol/index.ts'

/** A body must be complete within this time. */
const bodyMs = 30_000

/**
 * Reads a request's body, at most `limit` bytes of it. Throws `unsupported_encoding`, `payload_too_large`,
 * `request_timeout`.
 */
export function readBody(request: IncomingMessage, limit: number, clock: Clock): Buffer | Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new FairleadError('unsupported_encoding', 'Send the body as it is, without Content-Encoding.')
  }
  const length = Number(request.headers['content-length'])
  if (length > limit) throw tooLarge(limit)
  // A small body comes with its head: nothing is to be waited for, and no deadline to be kept.
  if (length > 0 && request.readableLength === length) return request.read()
  return collect(request, limit, clock)
}

/** Whether a body that came with its head was read a moment before Node knows that it has ended. One given up is paused. */
export function isEnding(request: IncomingMessage): boolean {
  return request.readableDidRead && !request.complete && !request.isPaused()
}

/** Reads what is still to come. */
function collect(request: IncomingMessage, limit: number, clock: Clock): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  return new Promise((resolve, reject) => {
    const cancel = clock.after(bodyMs, () =>
      fail(new FairleadError('request_timeout', 'The body did not arrive in time.')),
    )
    const fail = (error: Error) => {
      cancel()
      request.off('data', take).pause()
      reject(error)
    }
    const take = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) fail(tooLarge(limit))
      else chunks.push(chunk)
    }
    request.on('data', take)
    // A peer that goes away is no failure of the server.
    const cut = () => fail(new FairleadError('bad_request', 'The body was cut.'))
    request.on('end', () => {
      cancel()
      // Every request closes in the end.
      request.off('close', cut)
      resolve(Buffer.concat(chunks))
    })
    request.on('error', cut)
    request.on('close', cut)
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a body. Throws `invalid_utf8`: bad bytes are refused, never replaced. */
export function textOf(body: Buffer): string {
  try {
    return utf8.decode(body)
  } catch (cause) {
    throw new FairleadError('invalid_utf8', 'The text is not valid UTF-8.', { cause })
  }
}

/** The media type of a request, without its parameters; `''` when it has none. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

function tooLarge(limit: number): FairleadError {
  return new FairleadError('payload_too_large', `The body is at most ${limit} bytes.`)
}
