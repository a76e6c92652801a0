import { describe, expect, it } from 'vitest'
import { closeCodes, isFinalClose } from '../../src/protocol/index.ts'

describe('close codes', () => {
  it('are those of the contract', () => {
    expect(closeCodes).toEqual({
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
    })
  })

  it.each([1000, 1002, 1003, 1007, 1008, 1009, 1010, 4000, 4001, 4002, 4099])('%d stops a client', (code) => {
    expect(isFinalClose(code)).toBe(true)
  })

  it.each([
    1001, 1004, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 3000, 3999, 4100, 4101, 4102, 4103, 4199, 4200,
    4300,
  ])('%d lets it come back', (code) => {
    expect(isFinalClose(code)).toBe(false)
  })
})
