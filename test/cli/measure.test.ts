import { expect, it } from 'vitest'
import { measureConstants } from '../../src/cli/advise/measure.ts'

it('measures what a POST, a frame, an event and a reader cost a server in a process of its own, and tells of each step', async () => {
  const told: string[] = []
  const size = { messages: 40, readers: 4, events: 10 }
  const constants = await measureConstants((line) => told.push(line), size)
  expect(constants).toMatchObject({ measuredHere: true, source: 'measured on this machine' })
  for (const cost of Object.values(constants.cpu)) expect(cost).toBeGreaterThanOrEqual(0)
  expect(constants.cpu.post).toBeGreaterThan(0)
  for (const bytes of Object.values(constants.memory)) expect(bytes).toBeGreaterThanOrEqual(0)
  expect(constants.overheadMs.post).toBeGreaterThan(0)
  expect(told.filter((line) => /^\d\/5 /.test(line))).toHaveLength(5)
})
