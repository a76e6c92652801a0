import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ChannelLog, StoredEvent } from '../../src/hub/channel-log.ts'
import { type RedisLogOptions, redisLog } from '../../src/log/redis.ts'
import { needs } from '../support/needs.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const redis = needs('redis')
const whole = { events: 10_000, bytes: 10_000_000 }

describe.skipIf(!redis)('redisLog', () => {
  let server: RedisServer
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  const opened: ChannelLog[] = []
  const started: { stop(): Promise<void> }[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()))
    await Promise.all(started.splice(0).map((one) => one.stop()))
  })

  function open(options: RedisLogOptions = {}): ChannelLog {
    const log = redisLog({ url: server.url, prefix: randomUUID(), ...options })
    opened.push(log)
    return log
  }

  async function start(options?: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
    const own = await startRedis(options)
    started.push(own)
    return own
  }

  function follow(log: ChannelLog) {
    const seen: StoredEvent[] = []
    const told: (string | boolean | undefined)[] = []
    const feed = log.follow({
      event: (event) => seen.push(event),
      epoch: (epoch) => told.push(epoch),
      unavailable: (lost) => told.push(lost),
    })
    return { feed, seen, told }
  }

  function append(log: ChannelLog, channel = 'a', payload = '0') {
    return log.append({ channel, event: 'tick', payload })
  }

  describe('begins a new epoch before the next append, above all that was seen', () => {
    const losses: Record<string, (prefix: string) => Promise<unknown>> = {
      'when everything is deleted': () => client.flushall(),
      'when its own record is evicted': (prefix) => client.del(`{${prefix}}:log`),
      'when the list of channels is evicted': (prefix) => client.del(`{${prefix}}:oldest`),
      'when it was set back': (prefix) => client.hset(`{${prefix}}:log`, 'head', '1'),
      'when another process recorded itself': (prefix) => client.hset(`{${prefix}}:log`, 'run', 'other'),
    }
    it.each(Object.entries(losses))('%s', async (_, lose) => {
      const prefix = randomUUID()
      const [one, two] = [open({ prefix }), open({ prefix })]
      const readers = [follow(one), follow(two)]
      const first = await append(one)
      for (const { feed } of readers) await feed.watch('a')
      const second = await append(one)
      await vi.waitFor(() => expect(readers.map(({ seen }) => seen.length)).toEqual([1, 1]))
      await lose(prefix)
      const next = await append(two)
      expect(next.epoch).not.toBe(first.epoch)
      expect(next.offset).toBeGreaterThan(second.offset!)
      expect(readers[1]!.told).toEqual([next.epoch])
      await vi.waitFor(() => expect(readers[0]!.told).toEqual([next.epoch]))
      expect((await append(one)).epoch).toBe(next.epoch)
      const { feed, seen } = readers[0]!
      const from = await feed.watch('a')
      const last = await append(two)
      expect(last.offset).toBeGreaterThan(from)
      await vi.waitFor(() => expect(seen.at(-1)?.offset).toBe(last.offset))
    })
  })

  it('keeps what is still there readable under the new epoch', async () => {
    const own = await start({ aof: 'always' })
    const log = open({ url: own.url })
    const before = await append(log, 'a', '"kept"')
    await own.restart()
    await vi.waitFor(() => log.head(), { timeout: 5_000 })
    const { epoch } = await log.head()
    expect(epoch).not.toBe(before.epoch)
    const page = await log.read([{ channel: 'a', after: 0 }], whole)
    expect(page.events.map(({ payload }) => payload)).toEqual(['"kept"'])
    expect((await append(log)).offset).toBeGreaterThan(before.offset!)
  })

  it('shows an evicted channel as a gap', async () => {
    const prefix = randomUUID()
    const log = open({ prefix })
    const { offset } = await append(log)
    await append(log, 'b')
    await client.del(`{${prefix}}:s:a`)
    expect((await log.read([{ channel: 'a', after: 0 }], whole)).gaps).toEqual([
      { channel: 'a', reason: 'trimmed', earliest: offset },
    ])
    const next = await append(log)
    expect((await log.read([{ channel: 'a', after: offset! }], whole)).events[0]).toMatchObject({
      offset: next.offset,
      prev: offset,
    })
  })

  it('keeps to its bounds although streams are evicted from under it', async () => {
    const prefix = randomUUID()
    const log = open({ prefix, events: 6 })
    const retention = { ageMs: 700 }
    const both = async () => {
      for (const channel of ['a', 'b']) await log.append({ channel, event: 'e', payload: '0' }, { retention })
    }
    for (let i = 0; i < 3; i++) await both()
    for (let i = 0; i < 5; i++) {
      await client.del(`{${prefix}}:s:a`)
      await both()
      await append(log, 'c')
    }
    await vi.waitFor(async () => expect(await client.exists(`{${prefix}}:s:a`, `{${prefix}}:s:b`)).toBe(0), {
      timeout: 5_000,
    })
    expect((await append(log)).offset).toBe(22)
    expect(await client.hget(`{${prefix}}:log`, 'epoch')).toBe((await log.head()).epoch)
  })

  it('notices a loss by asking where it stands, without an append', async () => {
    const prefix = randomUUID()
    const log = open({ prefix })
    const { told } = follow(log)
    const { epoch } = await append(log)
    await client.del(`{${prefix}}:log`)
    expect((await log.head()).epoch).not.toBe(epoch)
    expect(told.length).toBe(1)
    await expect(log.read([{ channel: 'a', after: 0 }], whole)).resolves.toBeTruthy()
  })

  it('refuses a page that was asked for in an epoch that is over', async () => {
    const prefix = randomUUID()
    const log = open({ prefix })
    await append(log)
    await client.del(`{${prefix}}:log`)
    await expect(log.read([{ channel: 'a', after: 0 }], whole)).rejects.toMatchObject({ code: 'unavailable' })
  })

  it.each([
    ['memory', 'off'],
    ['os', 'everysec'],
    ['os', 'no'],
    ['disk', 'always'],
  ] as const)('says that an event is as durable as %s with AOF %s', async (durability, aof) => {
    const own = await start({ aof })
    const log = open({ url: own.url })
    expect((await append(log)).durability).toBe(durability)
    expect(log.durability).toBe(durability)
  })

  it('does not start on a Redis that may evict, and says what to set; unless it is told that it may', async () => {
    const own = await start({ config: { maxmemory: '50mb', 'maxmemory-policy': 'allkeys-lru' } })
    const log = open({ url: own.url })
    await expect(log.head()).rejects.toThrow(/allkeys-lru.*maxmemory-policy to noeviction.*evicting: true/)
    await expect(append(log)).rejects.toThrow(/noeviction/)
    expect((await append(open({ url: own.url, evicting: true }))).offset).toBe(1)
    const admin = new Redis(own.url)
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    admin.disconnect()
    await vi.waitFor(() => log.head(), { timeout: 5_000 })
  })

  it('refuses a log of a newer version, and touches nothing', async () => {
    const prefix = randomUUID()
    await append(open({ prefix }))
    await client.hset(`{${prefix}}:log`, 'v', '2')
    const before = await client.hgetall(`{${prefix}}:log`)
    await expect(append(open({ prefix }))).rejects.toThrow(/newer version.*format 2/)
    expect(await client.hgetall(`{${prefix}}:log`)).toEqual(before)
  })

  it('says that a login is refused, and never what it was', async () => {
    const own = await start({ config: { requirepass: 'hunter2' } })
    const log = open({ url: `redis://:swordfish@127.0.0.1:${own.port}` })
    const error: Error = await log.head().then(
      () => new Error('taken'),
      (thrown: Error) => thrown,
    )
    expect(error.message).toMatch(/refuses the login.*user and password/)
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('swordfish')
    expect(error.cause).toBeUndefined()
    expect((await append(open({ url: `redis://:hunter2@127.0.0.1:${own.port}` }))).offset).toBe(1)
  })

  it('answers within its deadline while Redis is out of reach, and goes on by itself', async () => {
    const own = await start()
    const log = open({ url: own.url, deadlineMs: 400 })
    const { told } = follow(log)
    await append(log)
    await own.kill()
    const calls = [append(log), log.head(), log.read([{ channel: 'a', after: 0 }], whole)]
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ code: 'unavailable' })))
    expect(told).toEqual([true])
    await own.start()
    await vi.waitFor(() => append(log), { timeout: 5_000 })
    await vi.waitFor(() => expect(told.filter((what) => what === false)).toEqual([false]))
  })

  it('answers within its deadline while Redis hangs, and does not append twice', async () => {
    const own = await start()
    const log = open({ url: own.url, deadlineMs: 500 })
    await append(log)
    own.pause()
    await expect(log.append({ channel: 'a', event: 'e', payload: '1' }, { key: 'k' })).rejects.toMatchObject({
      code: 'unavailable',
    })
    own.resume()
    await vi.waitFor(() => log.append({ channel: 'a', event: 'e', payload: '1' }, { key: 'k' }), {
      timeout: 5_000,
    })
    expect((await log.read([{ channel: 'a', after: 0 }], whole)).events.length).toBe(2)
  })

  it('loads its scripts again when Redis forgot them', async () => {
    const log = open()
    await append(log)
    await client.script('FLUSH')
    const answers = await Promise.all(Array.from({ length: 300 }, (_, i) => append(log, 'a', `${i}`)))
    const offsets = answers.map(({ offset }) => offset!)
    expect(offsets).toEqual(offsets.toSorted((x, y) => x - y))
    expect((await log.head()).offset).toBe(301)
  })

  it('refuses keys beyond its bound with busy', async () => {
    const log = open({ keys: 3 })
    for (const key of ['a', 'b', 'c']) await log.append({ channel: 'a', event: 'e', payload: '1' }, { key })
    const one = log.append({ channel: 'a', event: 'e', payload: '1' }, { key: 'd' })
    await expect(one).rejects.toMatchObject({ code: 'busy' })
    const again = await log.append({ channel: 'a', event: 'e', payload: '1' }, { key: 'a' })
    expect(again.repeated).toBe(true)
  })

  it('holds no more than its bounds, however much is appended', async () => {
    const prefix = randomUUID()
    const log = open({ prefix, events: 100, channels: 10, bytes: 100_000 })
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 300 }, (_, i) => append(log, `c${(round * 300 + i) % 500}`, 'x'.repeat(500))),
      )
    }
    const streams = await client.keys(`{${prefix}}:s:*`)
    const lengths = await Promise.all(streams.map((stream) => client.xlen(stream)))
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(100)
    expect(await client.hlen(`{${prefix}}:log`)).toBeLessThanOrEqual(9 + 10 + streams.length)
    const [count, bytes] = await client.hmget(`{${prefix}}:log`, 'count', 'bytes')
    expect(Number(count)).toBe(lengths.reduce((sum, length) => sum + length, 0))
    expect(Number(bytes)).toBeLessThanOrEqual(100_000)
  })

  it('waits for replicas when it is told to, and says when they did not confirm', async () => {
    const own = await start()
    const replica = await start({ replicaOf: own.port })
    const log = open({ url: own.url, waitReplicas: 1, deadlineMs: 600 })
    await vi.waitFor(() => append(log), { timeout: 5_000 })
    await replica.kill()
    await expect(append(log)).rejects.toThrow(/0 of 1 replicas confirmed/)
  })

  it("uses the settings of an application's own client, and leaves the client alone", async () => {
    const own = new Redis(server.url, { keyPrefix: 'app:', connectionName: 'app' })
    try {
      const log = open({ client: own })
      const { feed, seen } = follow(log)
      await feed.watch('a')
      await append(log)
      await vi.waitFor(() => expect(seen.length).toBe(1))
      await log.close()
      expect(await own.ping()).toBe('PONG')
    } finally {
      own.disconnect()
    }
  })

  it('refuses options that make no sense', () => {
    expect(() => redisLog({ prefix: '{a}' })).toThrow(/without braces/)
    expect(() => redisLog({ events: -1 })).toThrow(/events is a number from 0/)
    expect(() => redisLog({ url: 'http://user:secret@host' })).toThrow(/begins with redis:/)
    expect(() => redisLog({ url: 'http://user:secret@host' })).not.toThrow(/secret/)
  })
})
