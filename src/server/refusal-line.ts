import type { IncomingMessage } from 'node:http'
import type { Audit } from '../hub/audit.ts'
import type { FairleadError } from '../protocol/index.ts'
import { type Edge, headerOf, originOf, targetOf } from './edge.ts'

/**
 * Writes the line about a refused request or upgrade. Of the target only the path is shown: a query may carry a ticket.
 */
export function logRefusal(audit: Audit, edge: Edge, request: IncomingMessage, error: FairleadError): void {
  audit.refused(error, {
    transport: request.headers.upgrade === undefined ? 'http' : 'websocket',
    method: request.method,
    path: targetOf(request).path,
    address: addressOf(edge, request),
    origin: headerOf(request, 'origin'),
  })
}

/** What is refused may be just what says where a request came from. */
function addressOf(edge: Edge, request: IncomingMessage): string | undefined {
  try {
    return originOf(edge, request).address
  } catch {
    return request.socket.remoteAddress
  }
}
