import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, vi } from 'vitest'
import type { PresenceChange } from '../../src/hub/presence.ts'
import { memoryPresence } from '../../src/log/memory-presence.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { runPresenceCases } from '../../src/testing/presence-cases.ts'

const shared = simulatedClock()

describe('memoryPresence holds what every presence store promises', () => {
  runPresenceCases({
    describe,
    it,
    open: async (options) => memoryPresence({ ...options, clock: shared }),
    pass: async (ms) => shared.advance(ms),
  })
})

function open(options: { timeoutMs?: number; batchMs?: number; members?: number } = {}) {
  const clock = simulatedClock()
  const store = memoryPresence({ ...options, clock })
  const told: PresenceChange[] = []
  store.follow((change) => told.push(change))
  return { clock, store, told }
}

describe('memoryPresence', () => {
  it('owns no timer before the first member and after the last', async () => {
    const { clock, store } = open()
    expect(clock.pending).toBe(0)
    await store.touch('a', 'alice')
    await store.touch('b', 'bob')
    clock.advance(100)
    expect(clock.pending).toBe(1)
    await store.leave('a', 'alice')
    await store.leave('b', 'bob')
    clock.advance(100)
    expect(clock.pending).toBe(0)
  })

  it('has one timer for any number of members', async () => {
    const { clock, store } = open()
    for (let i = 0; i < 1000; i++) await store.touch(`c${i % 10}`, `member-${i}`)
    clock.advance(100)
    expect(clock.pending).toBe(1)
  })

  it('takes 60 seconds of silence for a goodbye, no less', async () => {
    const { clock, store, told } = open()
    await store.touch('a', 'alice')
    clock.advance(59_999)
    expect(await store.members('a')).toEqual(['alice'])
    clock.advance(1)
    expect(await store.members('a')).toEqual([])
    clock.advance(100)
    expect(told.at(-1)).toEqual({ channel: 'a', join: [], leave: ['alice'] })
    expect(clock.pending).toBe(0)
  })

  it('tells of the silent without being asked', async () => {
    const { clock, store, told } = open()
    await store.touch('a', 'alice')
    clock.advance(40_000)
    await store.touch('a', 'bob')
    clock.advance(20_100)
    expect(told.slice(1)).toEqual([
      { channel: 'a', join: ['bob'], leave: [] },
      { channel: 'a', join: [], leave: ['alice'] },
    ])
    clock.advance(40_000)
    expect(told.at(-1)).toEqual({ channel: 'a', join: [], leave: ['bob'] })
  })

  it('tells of each channel once a batch, in the order of the ids', async () => {
    const { clock, store, told } = open()
    for (const id of ['carol', 'alice', 'bob']) await store.touch('a', id)
    await store.touch('b', 'dave')
    clock.advance(99)
    expect(told).toEqual([])
    clock.advance(1)
    expect(told).toEqual([
      { channel: 'a', join: ['alice', 'bob', 'carol'], leave: [] },
      { channel: 'b', join: ['dave'], leave: [] },
    ])
  })

  it('does not tell of who came and left, or left and came, within a batch', async () => {
    const { clock, store, told } = open()
    await store.touch('a', 'alice')
    clock.advance(100)
    await store.leave('a', 'alice')
    await store.touch('a', 'alice')
    await store.touch('a', 'bob')
    await store.leave('a', 'bob')
    clock.advance(1000)
    expect(told).toEqual([{ channel: 'a', join: ['alice'], leave: [] }])
  })

  it('refuses one member too many, and takes it when another has left', async () => {
    const { store } = open({ members: 2 })
    await store.touch('a', 'alice')
    await store.touch('b', 'alice')
    await expect(store.touch('a', 'bob')).rejects.toMatchObject({ code: 'busy' })
    await store.touch('a', 'alice')
    await store.leave('b', 'alice')
    await store.touch('a', 'bob')
    expect(await store.members('a')).toEqual(['alice', 'bob'])
  })

  it('makes room for new members by the silent ones, before any timer', async () => {
    const { clock, store } = open({ members: 1, batchMs: 10_000, timeoutMs: 1000 })
    await store.touch('a', 'alice')
    clock.advance(1000)
    await store.touch('a', 'bob')
    expect(await store.members('a')).toEqual(['bob'])
  })

  it('does not name the silent, before any timer', async () => {
    const { clock, store } = open({ batchMs: 10_000, timeoutMs: 1000 })
    await store.touch('a', 'alice')
    clock.advance(1000)
    expect(await store.members('a')).toEqual([])
  })

  it('notices the silence of who came after all had left', async () => {
    const { clock, store, told } = open()
    await store.touch('a', 'alice')
    await store.leave('a', 'alice')
    await store.touch('a', 'bob')
    clock.advance(60_100)
    expect(told.at(-1)).toEqual({ channel: 'a', join: [], leave: ['bob'] })
  })

  it('leaves no timer when it is closed, with members and changes that wait', async () => {
    const { clock, store } = open()
    await store.touch('a', 'alice')
    expect(clock.pending).toBe(2)
    await store.close()
    expect(clock.pending).toBe(0)
    await expect(store.touch('a', 'alice')).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('holds no memory for channels that everyone has left', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { clock, store } = open()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 50_000; i++) {
      await store.touch(`channel-${i}`, 'alice')
      await store.leave(`channel-${i}`, 'alice')
    }
    clock.advance(1000)
    await vi.waitFor(() => {
      collect()
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(3_000_000)
    })
    expect(await store.members('channel-1')).toEqual([])
  })

  it('has one reader', () => {
    const { store } = open()
    expect(() => store.follow(() => {})).toThrow(/follow was called before/)
  })
})
