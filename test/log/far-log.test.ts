import { describe, it } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { runLogCases } from '../../src/testing/log-cases.ts'
import { FarLog } from './far-log.ts'

const clock = simulatedClock()

describe('the cases hold for a log that is far away and has holes between its offsets', () => {
  runLogCases({
    describe,
    it,
    open: async (options) => new FarLog(memoryLog({ ...options, clock }), 1),
    reopen: 'it ends with its process',
    another: 'it belongs to its process',
    pass: async (ms) => {
      clock.advance(ms)
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
})
