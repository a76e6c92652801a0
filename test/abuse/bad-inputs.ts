import { badRequests } from '../../src/testing/server-cases/bad-requests.ts'
import type { AbuseCase } from './case.ts'
import { httpCase } from './http-case.ts'
import { moreInputs } from './more-inputs.ts'
import { slowInputs } from './slow-inputs.ts'
import { tokenInputs } from './token-inputs.ts'
import { websocketInputs } from './websocket-inputs.ts'

/**
 * Every bad input (PROTOCOL.md, section 9): those over HTTP that any server in development mode must refuse are data of
 * the conformance suite; here are those that need rules, a drain or a WebSocket besides.
 */
export const badInputs: readonly AbuseCase[] = [
  ...badRequests.map((bad) => httpCase({ ...bad, row: bad.row === 31 ? 'more' : String(bad.row) })),
  ...moreInputs.map(httpCase),
  ...websocketInputs,
  ...tokenInputs,
  ...slowInputs,
]

/** The rows that must be there. */
export const badInputRows: readonly string[] = [
  ...Array.from({ length: 30 }, (_, i) => String(i + 1)),
  'more',
]
