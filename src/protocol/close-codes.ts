/**
 * WebSocket close codes (PROTOCOL.md, section 5). The hundreds tell a client what to do: 40xx stop, 41xx reconnect
 * with backoff and resume, 42xx reconnect after the delay that `bye` named. Browsers may send 1000 and 3000-4999.
 */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  missingExtension: 1010,
  bad_message: 4000,
  denied: 4001,
  revoked: 4002,
  unavailable: 4100,
  slow: 4101,
  auth_expired: 4102,
  auth_timeout: 4103,
  drain: 4200,
} as const

const finalCodes: ReadonlySet<number> = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010])

/** Whether a client stops for good after this close code, rather than reconnects and resumes. */
export function isFinalClose(code: number): boolean {
  return finalCodes.has(code) || (code >= 4000 && code < 4100)
}
