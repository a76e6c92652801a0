import type { IncomingMessage } from 'node:http'
import { type Edge, originOf } from './edge.ts'

const vary = { vary: 'accept, origin' } as const

/** The headers that let a page of an allowed origin read the answer, an error too (Fetch, section 3.2). */
export function corsHeaders(
  edge: Edge,
  request: IncomingMessage,
  { host, scheme } = originOf(edge, request),
): Readonly<Record<string, string>> {
  const { origin } = request.headers
  if (origin === undefined || !edge.origins.allows(origin, host, scheme)) return vary
  return {
    ...vary,
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'timing-allow-origin': origin,
  }
}

/** What a preflight of an allowed origin is told. */
export const preflightHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, last-event-id',
  'access-control-max-age': '7200',
} as const
