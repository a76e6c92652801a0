import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChannelLog, StoredEvent } from '../../src/hub/channel-log.ts'
import { AnnouncedFeed } from '../../src/log/announced-feed.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

/** A log that announces over a line which can lose what is on it, as one that breaks does. */
function open(options: { events?: number; channels?: number } = {}) {
  const clock = simulatedClock()
  const log = memoryLog({ ...options, clock })
  const line = { up: true, readable: true, distrusted: 0, reads: 0, subscribed: new Set<string>() }
  const seen: StoredEvent[] = []
  const epochs: (string | undefined)[] = []
  const near = log.follow({ event: (event) => announce(event), epoch: () => {}, unavailable: () => {} })
  const reachable = () => {
    if (!line.readable) throw new Error('out of reach')
  }
  const feed = new AnnouncedFeed(
    {
      event: (event) => seen.push(event),
      epoch: (epoch) => epochs.push(epoch),
      unavailable: () => {},
    },
    {
      subscribe: async (channel) => {
        await turn()
        line.subscribed.add(channel)
        void near.watch(channel)
      },
      unsubscribe: (channel) => line.subscribed.delete(channel),
      head: async () => {
        await turn()
        reachable()
        return (await log.head()).offset
      },
      newest: async (channels) => {
        reachable()
        return Promise.all(channels.map(async (channel) => (await log.channelHead(channel)).last))
      },
      read: async (...args) => {
        await turn()
        reachable()
        line.reads++
        return log.read(...args)
      },
      distrust: () => line.distrusted++,
    },
    clock,
    0,
  )
  function announce(event: StoredEvent) {
    if (line.up && line.subscribed.has(event.channel)) feed.announce(event)
  }
  return { clock, log, line, feed, seen, epochs, announce }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function turns(count = 12): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

async function append(log: ChannelLog, ...channels: string[]): Promise<number[]> {
  const offsets: number[] = []
  for (const channel of channels)
    offsets.push((await log.append({ channel, event: 'tick', payload: '0' })).offset!)
  return offsets
}

function offsets(seen: readonly StoredEvent[]): (number | null)[] {
  return seen.map(({ offset }) => offset)
}

describe('the feed of a log that announces its events', () => {
  it('reads what a lost connection missed, over all channels in order, before anything newer', async () => {
    const { log, line, feed, seen } = open()
    await feed.watch('a')
    await feed.watch('b')
    await append(log, 'a', 'b')
    line.up = false
    feed.interrupt()
    await append(log, 'b', 'a', 'b')
    line.up = true
    await append(log, 'a')
    expect(offsets(seen)).toEqual([1, 2])
    feed.resume()
    await append(log, 'b')
    await turns()
    expect(offsets(seen)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(feed.position).toBe(7)
  })

  it('sees by `prev` that an announcement did not come', async () => {
    const { log, line, feed, seen } = open()
    await feed.watch('a')
    await append(log, 'a')
    line.up = false
    await append(log, 'a')
    line.up = true
    await append(log, 'a')
    await turns()
    expect(offsets(seen)).toEqual([1, 2, 3])
    expect(line.distrusted).toBe(0)
  })

  it('sees by comparison that the last announcement did not come', async () => {
    const { clock, log, line, feed, seen } = open()
    await feed.watch('a')
    line.up = false
    await append(log, 'a')
    line.up = true
    clock.advance(5_000)
    await turns()
    clock.advance(1_000)
    await turns()
    expect(offsets(seen)).toEqual([1])
  })

  it('reads nothing while announcements come in time, and moves its position with the log', async () => {
    const { clock, log, line, feed, seen } = open()
    await feed.watch('quiet')
    await append(log, 'other', 'other')
    expect(feed.position).toBe(0)
    clock.advance(5_000)
    await turns()
    expect([feed.position, seen, line.reads]).toEqual([2, [], 0])
  })

  it('asks for a new epoch when what it missed lies before what it gave', async () => {
    const { log, line, feed } = open()
    await feed.watch('a')
    await feed.watch('b')
    await append(log, 'a')
    line.up = false
    await append(log, 'a')
    line.up = true
    await append(log, 'b', 'a')
    await turns()
    expect(line.distrusted).toBe(1)
  })

  it('is not alarmed by a channel that the log forgot', async () => {
    const { log, line, feed, seen } = open({ events: 1, channels: 0 })
    await feed.watch('a')
    await feed.watch('b')
    await append(log, 'a', 'b', 'c', 'b', 'a')
    await turns()
    expect([line.distrusted, offsets(seen)]).toEqual([0, [1, 2, 4, 5]])
  })

  it('has every reader come back when the log no longer has what was missed', async () => {
    const { log, line, feed, epochs, seen } = open({ events: 2 })
    await feed.watch('a')
    line.up = false
    feed.interrupt()
    await append(log, 'a', 'a', 'a')
    line.up = true
    feed.resume()
    await turns()
    expect([epochs, feed.channels, seen]).toEqual([[undefined], [], []])
    expect(await feed.watch('a')).toBe(3)
  })

  it('tries again until the log can be read', async () => {
    const { clock, log, line, feed, seen } = open()
    await feed.watch('a')
    line.up = false
    feed.interrupt()
    await append(log, 'a')
    line.up = true
    line.readable = false
    feed.resume()
    await turns()
    clock.advance(100)
    await turns()
    line.readable = true
    clock.advance(200)
    await turns()
    expect(offsets(seen)).toEqual([1])
  })

  it('forgets a channel whose watching failed', async () => {
    const { line, feed } = open()
    line.readable = false
    await expect(feed.watch('a')).rejects.toThrow('out of reach')
    expect(feed.channels).toEqual([])
  })

  it('gives nothing of before to who watches after a new epoch', async () => {
    const { log, feed, epochs } = open()
    const early = feed.watch('a')
    feed.begin('next', 7)
    await expect(early).rejects.toMatchObject({ code: 'unavailable' })
    await append(log, 'a')
    expect([epochs, feed.position, feed.channels]).toEqual([['next'], 7, []])
  })

  it('stays within bounds while it cannot read, and loses nothing', async () => {
    const { clock, log, line, feed, seen } = open()
    await feed.watch('a')
    line.readable = false
    feed.interrupt()
    feed.resume()
    await turns()
    for (let i = 0; i < 10_500; i++) await append(log, 'a')
    line.readable = true
    clock.advance(2_000)
    await turns(60)
    expect(seen.length).toBe(10_500)
    expect(offsets(seen)).toEqual(Array.from({ length: 10_500 }, (_, i) => i + 1))
  })

  it('gives every event of the watched channels once and in order, whatever breaks when', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), channel: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ do: fc.constantFrom('cut', 'heal', 'turn', 'wait', 'refuse') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { clock, log, line, feed, seen, epochs } = open()
        await Promise.all([feed.watch('a'), feed.watch('b')])
        for (const one of steps) {
          if ('channel' in one) await append(log, one.channel)
          else if (one.do === 'cut') {
            line.up = false
            feed.interrupt()
          } else if (one.do === 'heal' && !line.up) {
            line.up = true
            feed.resume()
          } else if (one.do === 'refuse') line.readable = !line.readable
          else if (one.do === 'turn') await turn()
          else clock.advance(3_000)
        }
        line.readable = true
        if (!line.up) {
          line.up = true
          feed.resume()
        }
        for (let i = 0; i < 6; i++) {
          await turns()
          clock.advance(2_000)
        }
        const kept = await log.read(
          ['a', 'b'].map((channel) => ({ channel, after: 0 })),
          { events: 1000, bytes: 1_000_000 },
        )
        expect(offsets(seen)).toEqual(offsets(kept.events))
        expect([epochs, line.distrusted]).toEqual([[], 0])
        await log.close()
        feed.close()
      }),
      { numRuns: 150 },
    )
  })
})
