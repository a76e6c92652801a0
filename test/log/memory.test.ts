import { describe, it } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { runLogCases } from '../../src/testing/log-cases.ts'

const clock = simulatedClock()

describe('memoryLog holds what every log promises', () => {
  runLogCases({
    describe,
    it,
    open: async (options) => memoryLog({ ...options, clock }),
    reopen: 'it ends with its process',
    another: 'it belongs to its process',
    pass: async (ms) => clock.advance(ms),
  })
})
