import { expect, it } from 'vitest'
import { limits, subprotocol } from '../../src/protocol/index.ts'

it('the limits that others rely on stay what they are', () => {
  expect(limits).toMatchObject({
    channelBytes: 255,
    eventNameBytes: 128,
    positionBytes: 128,
    payloadBytes: 262_144,
    jsonDepth: 32,
    channelsPerStream: 100,
    requestLineBytes: 8192,
    binaryHeaderBytes: 4096,
    historyEvents: 1000,
    historyDefault: 100,
    historyBytes: 1_048_576,
    waitSeconds: 55,
    keyBytes: 64,
    tagBytes: 64,
    retryMs: 30_000,
  })
  expect(subprotocol).toBe('fairlead.v1.json')
})

it('a message and a batch have room for the largest payload', () => {
  expect(limits.messageBytes).toBeGreaterThanOrEqual(limits.payloadBytes + limits.binaryHeaderBytes + 4)
  expect(limits.batchBytes).toBeGreaterThan((limits.payloadBytes * 4) / 3)
})
