import { afterEach, describe, expect, it, vi } from 'vitest'
import { createNetworkMemory } from '../../src/client/network-memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

/** A page's storage, and what its browser says of the network. */
function page(connection?: { type: string; effectiveType: string }) {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  })
  vi.stubGlobal('navigator', { connection })
  return kept
}

afterEach(() => void vi.unstubAllGlobals())

describe('what worked on a network', () => {
  it('is remembered for an hour, by server and by network', () => {
    page({ type: 'wifi', effectiveType: '4g' })
    const clock = simulatedClock()
    const memory = createNetworkMemory('https://a.example.com/live', clock)
    expect(memory.recall()).toBeUndefined()
    memory.remember('long-poll')
    expect(memory.recall()).toBe('long-poll')
    expect(createNetworkMemory('https://b.example.com/live', clock).recall()).toBeUndefined()
    vi.stubGlobal('navigator', { connection: { type: 'cellular', effectiveType: '4g' } })
    expect(memory.recall()).toBeUndefined()
    vi.stubGlobal('navigator', { connection: { type: 'wifi', effectiveType: '4g' } })
    clock.advance(3_599_000)
    expect(memory.recall()).toBe('long-poll')
    clock.advance(2_000)
    expect(memory.recall()).toBeUndefined()
  })

  it('is forgotten when something better works again', () => {
    const kept = page()
    const memory = createNetworkMemory('https://a.example.com/live', simulatedClock())
    memory.remember('websocket')
    memory.remember(undefined)
    expect([memory.recall(), kept.size]).toEqual([undefined, 0])
  })

  it('is nothing where there is no storage, or where what is stored is not ours', () => {
    const memory = createNetworkMemory('https://a.example.com/live', simulatedClock())
    memory.remember('sse')
    expect(memory.recall()).toBeUndefined()
    const kept = page()
    memory.remember('sse')
    for (const key of kept.keys()) kept.set(key, '{not json')
    expect(memory.recall()).toBeUndefined()
    vi.stubGlobal('localStorage', undefined)
    memory.remember('sse')
    expect(memory.recall()).toBeUndefined()
  })
})
