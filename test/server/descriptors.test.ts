import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { connectionsAllowed } from '../../src/server/descriptors.ts'
import { memoryUsed } from '../../src/server/memory-used.ts'

it.runIf(process.platform === 'linux')('a process keeps descriptors back for what is no connection', () => {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1])
  const open = readdirSync('/proc/self/fd').length
  const allowed = connectionsAllowed()!
  expect(allowed).toBeGreaterThan(0)
  // Others of this process may be opened and closed meanwhile.
  expect(Math.abs(limit - open - allowed - 32)).toBeLessThan(16)
})

it('the part of the memory that is used is one', () => {
  const before = memoryUsed()
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(1)
  const held = Array.from({ length: 40 }, () => new Array<number>(262_144).fill(1.5))
  expect(memoryUsed()).toBeGreaterThan(before)
  expect(held).toHaveLength(40)
})
