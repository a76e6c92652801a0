import { describe, expect, it } from 'vitest'
import { reconnect } from '../../bench/log-reads.ts'
import type { LoadTransport } from '../../src/load/subscribers.ts'

const transports: readonly LoadTransport[] = ['sse', 'websocket', 'long-poll']

/** Ten times as many readers would read ten times as often if each read for itself. */
const mostReads = 20

describe.each(transports)('readers that come back over %s', (transport) => {
  it('share what is read from the log, however many they are', async () => {
    for (const readers of [50, 500]) {
      const { reads, received, missed } = await reconnect(transport, readers, 100)
      expect(received).toBe(missed)
      expect(reads, `${readers} readers`).toBeLessThanOrEqual(mostReads)
    }
  })
})
