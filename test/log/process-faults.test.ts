import { describe, expect, it, vi } from 'vitest'
import type { ChannelLog, FeedSink } from '../../src/hub/channel-log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { memoryPresence } from '../../src/log/memory-presence.ts'
import { LogHost } from '../../src/log/process/log-host.ts'
import { PrimaryClient } from '../../src/log/process/primary-client.ts'
import { ProcessLog } from '../../src/log/process/process-log.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { linePair } from './line-pair.ts'

/** A log whose feed and answers the test commands. */
function commanded(overrides: Partial<ChannelLog> = {}) {
  const clock = simulatedClock()
  const real = memoryLog({ clock })
  let sink: FeedSink | undefined
  const log: ChannelLog = {
    durability: 'disk',
    append: (event, options) => real.append(event, options),
    read: (from, bounds, signal) => real.read(from, bounds, signal),
    head: (signal) => real.head(signal),
    channelHead: (channel, last, signal) => real.channelHead(channel, last, signal),
    follow(given) {
      sink = given
      return real.follow(given)
    },
    close: () => real.close(),
    ...overrides,
  }
  const host = new LogHost(log, memoryPresence({ clock }), clock)
  return { clock, log, host, sink: sink! }
}

function worker({ host, clock }: ReturnType<typeof commanded>, copy?: (message: unknown) => unknown) {
  const pair = linePair(copy)
  host.add(pair.primary)
  const log = new ProcessLog(new PrimaryClient(pair.worker, clock))
  const told: unknown[] = []
  const feed = log.follow({
    event: (event) => void told.push(event.payload),
    epoch: (epoch) => void told.push({ epoch }),
    unavailable: (lost) => void told.push({ lost }),
  })
  return { log, feed, told, pair }
}

const tick = (payload: string, channel = 'a') => ({ channel, event: 'tick', payload })

describe('a log in another process', () => {
  it('says in one message each way what was said in one turn', async () => {
    const { log, pair } = worker(commanded())
    await log.head()
    const before = { ...pair.sent }
    await Promise.all(Array.from({ length: 100 }, (_, i) => log.append(tick(`${i}`))))
    expect([pair.sent.worker - before.worker, pair.sent.primary - before.primary]).toEqual([1, 1])
  })

  it('knows the durability from the first answer on', async () => {
    const { log } = worker(commanded())
    expect(log.durability).toBe('memory')
    await log.head()
    expect(log.durability).toBe('disk')
  })

  it('gives an event before the answer to its append', async () => {
    const { log, feed, told } = worker(commanded())
    await feed.watch('a')
    await log.append(tick('1'))
    expect(told).toEqual(['1'])
  })

  it.each([
    [
      new FairleadError('conflict', 'Went on.', { position: 'e.7' }),
      { code: 'conflict', message: 'Went on.', position: 'e.7' },
    ],
    [new FairleadError('storage_full', 'Full.'), { code: 'storage_full', message: 'Full.', temporary: true }],
    [new RangeError('No such thing.'), { name: 'Error', message: 'No such thing.' }],
  ])('passes errors on: %s', async (error, expected) => {
    const { log } = worker(commanded({ append: () => Promise.reject(error) }))
    await expect(log.append(tick('1'))).rejects.toMatchObject(expected)
  })

  it('passes on that the log is out of reach, and healed, to workers that come later too', async () => {
    const primary = commanded()
    const first = worker(primary)
    await first.log.head()
    primary.sink.unavailable(true)
    await first.log.head()
    const second = worker(primary)
    await second.log.head()
    primary.sink.unavailable(false)
    await second.log.head()
    expect([first.told, second.told]).toEqual([
      [{ lost: true }, { lost: false }],
      [{ lost: true }, { lost: false }],
    ])
  })

  it('tells of a new epoch before any later answer, and watches nothing until it is told to', async () => {
    const primary = commanded()
    const { log, feed, told } = worker(primary)
    await feed.watch('a')
    primary.sink.epoch('second')
    await log.append(tick('1')).then(() => told.push('answered'))
    expect(told).toEqual([{ epoch: 'second' }, 'answered'])
    await feed.watch('a')
    await log.append(tick('2'))
    expect(told.at(-1)).toBe('2')
  })

  it('refuses the answer of a watch that was asked for before all began anew', async () => {
    const primary = commanded()
    const { feed } = worker(primary)
    const watching = feed.watch('a')
    primary.sink.epoch('second')
    primary.host.watch = () => 0
    await expect(watching).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('has one feed in the primary for all workers, which watches what any of them does', async () => {
    const primary = commanded()
    const [one, two] = [worker(primary), worker(primary)]
    await Promise.all([one.feed.watch('a'), two.feed.watch('a'), two.feed.watch('b')])
    one.feed.unwatch('a')
    await one.log.append(tick('1'))
    await one.log.append(tick('2', 'b'))
    await two.log.head()
    expect([one.told, two.told]).toEqual([[], ['1', '2']])
  })

  it('moves the position of a quiet worker with the log', async () => {
    const primary = commanded()
    const { feed } = worker(primary)
    await feed.watch('quiet')
    for (let i = 0; i < 5; i++) await primary.log.append(tick(`${i}`))
    expect(feed.position).toBe(0)
    primary.clock.advance(1_000)
    await vi.waitFor(() => expect(feed.position).toBe(5))
  })

  it('stops a read whose reader has gone away, in both processes', async () => {
    let signal: AbortSignal | undefined
    const { log } = worker(
      commanded({
        read: (_, __, given) => {
          signal = given
          return new Promise(() => {})
        },
      }),
    )
    const controller = new AbortController()
    const reading = log.read([], { events: 1, bytes: 1 }, controller.signal)
    await vi.waitFor(() => expect(signal).toBeDefined())
    controller.abort(new Error('enough'))
    await expect(reading).rejects.toThrow('enough')
    await vi.waitFor(() => expect(signal!.aborted).toBe(true))
    await expect(log.head(AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
  })

  it('calls the primary unavailable when it has not answered for 5 seconds', async () => {
    const primary = commanded({ head: () => new Promise(() => {}) })
    const { log } = worker(primary)
    await log.channelHead('a')
    const asked = [log.head(), log.head()]
    primary.clock.advance(4_999)
    await log.channelHead('a')
    primary.clock.advance(1)
    for (const each of asked) await expect(each).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('says what is missing where no primary shares a log', async () => {
    const clock = simulatedClock()
    const log = new ProcessLog(new PrimaryClient(linePair().worker, clock))
    const asked = log.head()
    clock.advance(5_000)
    await expect(asked).rejects.toThrow('does it call shareLog()?')
  })

  it('is answered by a primary that begins to listen late', async () => {
    const primary = commanded()
    const pair = linePair()
    const log = new ProcessLog(new PrimaryClient(pair.worker, primary.clock))
    const lost = log.head()
    await vi.waitFor(() => expect(pair.sent.worker).toBe(1))
    await new Promise((resolve) => setImmediate(resolve))
    primary.host.add(pair.primary)
    expect(await log.head()).toMatchObject({ offset: 0 })
    primary.clock.advance(5_000)
    await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('refuses a channel that does not carry bytes, with what to do', async () => {
    const { log } = worker(commanded(), (message) => JSON.parse(JSON.stringify(message)))
    const refused = expect(log.head()).rejects
    await refused.toThrow("cluster.setupPrimary({ serialization: 'advanced' })")
    await expect(log.head()).rejects.toBeInstanceOf(TypeError)
  })

  it('refuses more calls than may be open', async () => {
    const { log } = worker(commanded({ head: () => new Promise(() => {}) }))
    for (let i = 0; i < 10_000; i++) log.head().catch(() => {})
    await expect(log.head()).rejects.toMatchObject({ code: 'busy' })
  })

  it('lets a worker that does not read begin anew, instead of keeping all for it', async () => {
    const primary = commanded()
    const { log, feed, told, pair } = worker(primary)
    const steady = worker(primary)
    for (const each of [feed, steady.feed]) await each.watch('a')
    pair.hold()
    const payload = JSON.stringify('x'.repeat(256 * 1024))
    for (let i = 0; i < 200; i++) {
      await primary.log.append(tick(payload))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await vi.waitFor(() => expect(steady.told.length).toBe(200))
    expect(pair.sent.primary).toBeLessThan(5)
    pair.release()
    await vi.waitFor(() => expect(told.at(-1)).toEqual({ epoch: undefined }))
    expect(told.length).toBeLessThan(20)
    expect(steady.told).not.toContainEqual({ epoch: undefined })
    const since = await feed.watch('a')
    expect(since).toBe(200)
    await log.append(tick('after'))
    expect(told.at(-1)).toBe('after')
  })

  it('ends what is open when the primary is gone', async () => {
    const { log, told, pair } = worker(commanded({ head: () => new Promise(() => {}) }))
    const asked = log.head()
    pair.close()
    await expect(asked).rejects.toMatchObject({ code: 'unavailable' })
    await expect(log.append(tick('1'))).rejects.toMatchObject({ code: 'unavailable' })
    expect(told).toEqual([{ lost: true }])
  })

  it('watches nothing more for a worker that is gone', async () => {
    const primary = commanded()
    const unwatched: string[] = []
    const [one, two] = [worker(primary), worker(primary)]
    for (const channel of ['a', 'b']) await one.feed.watch(channel)
    await two.feed.watch('b')
    const feed = vi
      .spyOn(primary.host, 'unwatch')
      .mockImplementation((channel) => void unwatched.push(channel))
    one.pair.close()
    expect(unwatched).toEqual(['a', 'b'])
    feed.mockRestore()
  })
})
