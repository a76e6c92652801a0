import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { StoredEvent } from '../../src/hub/channel-log.ts'
import { KeptEvents } from '../../src/log/memory/kept-events.ts'
import { type MemoryLogOptions, memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

const minute = 60_000

function open(options: MemoryLogOptions = {}) {
  const clock = simulatedClock()
  return { clock, log: memoryLog({ clock, ...options }) }
}

function tick(channel: string, payload = '0') {
  return { channel, event: 'tick', payload }
}

function sinkOf(event: (event: StoredEvent) => void) {
  return { event, epoch: () => {}, unavailable: () => {} }
}

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('memoryLog', () => {
  it('begins at offset 1, in an epoch out of the clock’s chance', async () => {
    const epochs = [1, 1, 2].map((seed) => memoryLog({ clock: simulatedClock({ seed }) }).head())
    const [first, same, other] = (await Promise.all(epochs)).map((head) => head.epoch)
    expect(first).toMatch(/^[a-z0-9]{8}$/)
    expect([same, other === first]).toEqual([first, false])
    expect(await open().log.append(tick('a'))).toMatchObject({ offset: 1, durability: 'memory' })
  })

  it('answers an append at once to who asks it so, alike in everything', async () => {
    const { log } = open()
    const first = log.appendNow!(tick('a'), { key: 'k' })
    expect(first).toMatchObject({ offset: 1, repeated: false })
    expect(await log.append(tick('a'), { key: 'k' })).toEqual({ ...first, repeated: true })
    expect(() => log.appendNow!(tick('a', '1'), { key: 'k' })).toThrow('This key was used before')
    await log.close()
    expect(() => log.appendNow!(tick('a'))).toThrow('The log is closed.')
  })

  it('has given an event to the feed when append returns', async () => {
    const { log } = open()
    const seen: (number | null)[] = []
    const feed = log.follow(sinkOf((event) => seen.push(event.offset)))
    await feed.watch('a')
    const appends = [log.append(tick('a')), log.append(tick('b')), log.append(tick('a'))]
    expect(seen).toEqual([1, 3])
    expect(feed.position).toBe(3)
    await Promise.all(appends)
  })

  it('appends whatever the sink throws, which is thrown where it is seen', async () => {
    const later: (() => void)[] = []
    vi.stubGlobal('queueMicrotask', (task: () => void) => later.push(task))
    const { log } = open()
    const seen: unknown[] = []
    const feed = log.follow(
      sinkOf((event) => {
        seen.push(event.offset)
        if (event.offset === 1) throw new Error('a fault in the reader')
      }),
    )
    await feed.watch('a')
    await expect(log.append(tick('a'))).resolves.toMatchObject({ offset: 1 })
    await log.append(tick('a'))
    expect(seen).toEqual([1, 2])
    expect(later).toHaveLength(1)
    expect(later[0]).toThrow('a fault in the reader')
  })

  it('has one feed', () => {
    const { log } = open()
    log.follow(sinkOf(() => {}))
    expect(() => log.follow(sinkOf(() => {}))).toThrow(/follow was called before/)
  })

  it('refuses bounds that are none', () => {
    expect(() => open({ bytes: -1 })).toThrow(/memoryLog: bytes/)
    expect(() => open({ events: Number.NaN })).toThrow(/memoryLog: events/)
  })
})

describe('the trimming of a memory log', () => {
  it('owns no timer while empty, one for any number of events, none when all are gone', async () => {
    const { clock, log } = open({ ageMs: 10 * minute })
    expect(clock.pending).toBe(0)
    for (let i = 0; i < 500; i++) {
      await log.append(tick(`c${i}`), { retention: { ageMs: (1 + (i % 5)) * minute } })
    }
    expect(clock.pending).toBe(1)
    clock.advance(6 * minute)
    expect(clock.pending).toBe(0)
    await log.append(tick('a'))
    await log.close()
    expect(clock.pending).toBe(0)
  })

  it('lets go of old events within a second, whether anyone appends or reads', async () => {
    const { clock, log } = open({ ageMs: 10 * minute })
    await log.append(tick('a'))
    await log.append(tick('b'), { retention: { ageMs: minute } })
    const earliest = async (channel: string) => (await log.channelHead(channel)).earliest
    clock.advance(minute - 1)
    expect(await earliest('b')).toBe(0)
    clock.advance(1001)
    expect([await earliest('a'), await earliest('b')]).toEqual([0, 2])
    clock.advance(9 * minute)
    expect(await earliest('a')).toBe(1)
  })

  it('lets go of old events at an append, also when no timer fires', async () => {
    const { now, random, advance } = simulatedClock()
    const { log } = open({ ageMs: minute, keys: 1, clock: { now, random, after: () => () => {} } })
    await log.append(tick('a'), { key: 'first' })
    advance(11 * minute)
    await log.append(tick('b'), { key: 'second' })
    expect((await log.channelHead('a')).earliest).toBe(1)
  })

  it('keeps an event as long as its age says, and no longer', () => {
    const kept = new KeptEvents({ events: Infinity, bytes: Infinity, ageMs: 1000, channels: 0 })
    kept.add(tick('a'), 5000, {})
    kept.expire(5999)
    expect([kept.events, kept.nextExpiry]).toEqual([1, 6000])
    kept.expire(6000)
    expect([kept.events, kept.nextExpiry]).toEqual([0, Infinity])
  })

  it('thinks no more of the age of a channel that another bound has emptied', () => {
    const kept = new KeptEvents({ events: 1, bytes: Infinity, ageMs: Infinity, channels: 0 })
    kept.add(tick('a'), 0, { ageMs: 1000 })
    expect(kept.nextExpiry).toBe(1000)
    kept.add(tick('b'), 0, {})
    expect(kept.nextExpiry).toBe(Infinity)
  })

  it('keeps what a channel’s latest append says', async () => {
    const { log } = open()
    for (let i = 0; i < 5; i++) await log.append(tick('a'), { retention: { count: 2 } })
    expect((await log.channelHead('a')).earliest).toBe(3)
    for (let i = 0; i < 5; i++) await log.append(tick('a'))
    expect((await log.channelHead('a')).earliest).toBe(3)
    await log.append(tick('a'), { retention: { count: 1 } })
    expect((await log.channelHead('a')).earliest).toBe(10)
  })

  it('holds a shorter age of a channel at once, for what it kept under a longer one', async () => {
    const { clock, log } = open()
    await log.append(tick('a'), { retention: { ageMs: 10 * minute } })
    clock.advance(2 * minute)
    await log.append(tick('a'), { retention: { ageMs: minute } })
    expect((await log.channelHead('a')).earliest).toBe(1)
  })

  it('stays within its bytes, counting what keeping an event takes', async () => {
    const kept = new KeptEvents({ events: Infinity, bytes: 100_000, ageMs: Infinity, channels: Infinity })
    for (let i = 0; i < 1000; i++) kept.add(tick('a', 'x'.repeat(300)), 0, {})
    expect(kept.events).toBe(Math.floor((100_000 - 400) / 500))
    for (let i = 0; i < 1000; i++) kept.add(tick(`c${i}`, '0'), 0, {})
    expect(kept.events).toBe(Math.floor(100_000 / 601))
  })

  it('keeps the newest event even if it is larger than all', async () => {
    const { log } = open({ bytes: 10 })
    await log.append(tick('a', 'x'.repeat(1000)))
    await log.append(tick('b', 'x'.repeat(1000)))
    const page = await log.read([{ channel: 'b', after: 0 }], { events: 1, bytes: 1 })
    expect(page.events).toHaveLength(1)
    expect((await log.channelHead('a')).earliest).toBe(1)
  })

  it('forgets the longest empty channel at the bound, and alarms who may have missed something', async () => {
    const { log } = open({ events: 1, channels: 2 })
    for (const channel of ['a', 'b', 'c', 'd']) await log.append(tick(channel))
    const gapsAfter = async (channel: string, after: number) =>
      (await log.read([{ channel, after }], { events: 1, bytes: 1 })).gaps
    expect(await gapsAfter('a', 0)).toEqual([{ channel: 'a', reason: 'trimmed', earliest: 1 }])
    expect(await gapsAfter('a', 1)).toEqual([])
    expect(await gapsAfter('never', 0)).toHaveLength(1)
    expect(await gapsAfter('b', 2)).toEqual([])
    await log.append(tick('a'))
    const page = await log.read([{ channel: 'a', after: 2 }], { events: 1, bytes: 1 })
    expect(page.events).toMatchObject([{ offset: 5, prev: 1 }])
  })

  it('holds no more records than channels with events and those of the bound', () => {
    const kept = new KeptEvents({ events: 10, bytes: Infinity, ageMs: Infinity, channels: 5 })
    for (let i = 0; i < 1000; i++) kept.add(tick(`c${i}`), 0, i % 3 === 0 ? { ageMs: 1000 } : {})
    expect([kept.events, kept.channels]).toEqual([10, 15])
    kept.expire(1000)
    expect(kept.events).toBe(6)
    expect(kept.channels).toBe(11)
    expect(kept.nextExpiry).toBe(Infinity)
  })
})

describe('the memory of a memory log', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void

  it('is free of an event when it is trimmed', async () => {
    const { log } = open({ events: 3 })
    await log.append(tick('a'))
    await log.append(tick('a'))
    const trimmed = await firstOf(log)
    for (let i = 0; i < 2; i++) await log.append(tick('b'))
    await vi.waitFor(() => {
      collect()
      // Not the event itself: a failed assertion would hold it.
      expect(trimmed.deref() === undefined).toBe(true)
    })
    expect((await firstOf(log, 1)).deref()).toBeDefined()
  })

  it('is not held by a text that was cut out of a large one', async () => {
    const { log } = open()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 40; i++) {
      const message = Buffer.alloc(1_000_000, 'x').toString('latin1')
      await log.append(tick(message.slice(0, 50 + i), message.slice(i, i + 100)))
    }
    await vi.waitFor(() => {
      collect()
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000)
    })
    expect((await log.head()).offset).toBe(40)
  })
})

async function firstOf(log: ReturnType<typeof memoryLog>, after = 0): Promise<WeakRef<StoredEvent>> {
  const page = await log.read([{ channel: 'a', after }], { events: 1, bytes: 1 })
  return new WeakRef(page.events[0]!)
}
