import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PresenceChange, PresenceStore } from '../../src/hub/presence.ts'
import { type RedisPresenceOptions, redisPresence } from '../../src/log/redis.ts'
import { runPresenceCases } from '../../src/testing/presence-cases.ts'
import { needs } from '../support/needs.ts'
import { startRedis } from '../support/redis-server.ts'

const redis = needs('redis')

describe.skipIf(!redis)('redisPresence', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  let client: Redis
  beforeAll(async () => {
    server = await startRedis()
    client = new Redis(server.url)
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  const opened: PresenceStore[] = []
  afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())))

  function open(options: RedisPresenceOptions = {}) {
    const store = redisPresence({ url: server.url, batchMs: 20, ...options })
    opened.push(store)
    const told: PresenceChange[] = []
    store.follow((change) => told.push(change))
    return { store, told }
  }

  function together(timeoutMs = 60_000) {
    const prefix = randomUUID()
    return { prefix, one: open({ prefix, timeoutMs }), two: open({ prefix, timeoutMs }) }
  }

  describe('holds what every presence store promises', () => {
    runPresenceCases({
      describe,
      it,
      open: async (options) => redisPresence({ url: server.url, prefix: randomUUID(), ...options }),
    })
  })

  it('is one presence on all servers', async () => {
    const { one, two } = together()
    await one.store.members('a')
    await two.store.touch('a', 'alice')
    await one.store.touch('a', 'bob')
    expect(await one.store.members('a')).toEqual(['alice', 'bob'])
    await vi.waitFor(() => {
      for (const { told } of [one, two]) {
        expect(told.flatMap(({ join }) => join).sort()).toEqual(['alice', 'bob'])
      }
    })
    await one.store.leave('a', 'alice')
    await vi.waitFor(() => {
      for (const { told } of [one, two]) expect(told.flatMap(({ leave }) => leave)).toEqual(['alice'])
    })
    expect(await two.store.members('a')).toEqual(['bob'])
  })

  it('counts a member that two servers hear of once, as long as one of them does', async () => {
    const { one, two } = together(400)
    await one.store.touch('a', 'alice')
    for (let i = 0; i < 8; i++) {
      await two.store.touch('a', 'alice')
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(await one.store.members('a')).toEqual(['alice'])
    }
    expect(one.told).toEqual([{ channel: 'a', join: ['alice'], leave: [] }])
    await vi.waitFor(() => expect(one.told.at(-1)).toEqual({ channel: 'a', join: [], leave: ['alice'] }))
  })

  it('lets the members of a server that was killed go when their time is over', async () => {
    const { one, two } = together(400)
    await two.store.members('a')
    await one.store.touch('a', 'alice')
    await vi.waitFor(() => expect(two.told.length).toBe(1))
    await one.store.close()
    expect(await two.store.members('a')).toEqual(['alice'])
    await vi.waitFor(() => expect(two.told.at(-1)).toEqual({ channel: 'a', join: [], leave: ['alice'] }))
    expect(await two.store.members('a')).toEqual([])
  })

  it('hears at once of who left by one server and comes back by the other', async () => {
    const { one, two } = together()
    await one.store.touch('a', 'alice')
    await vi.waitFor(() => expect(one.told.length).toBe(1))
    await two.store.leave('a', 'alice')
    await vi.waitFor(() => expect(one.told.length).toBe(2))
    await one.store.touch('a', 'alice')
    expect(await two.store.members('a')).toEqual(['alice'])
  })

  it('tells Redis again of who is there when its data are lost', async () => {
    const { one, two } = together(800)
    await two.store.touch('a', 'gone')
    await one.store.touch('a', 'alice')
    await vi.waitFor(() => expect(one.told.flatMap(({ join }) => join).length).toBe(2))
    await two.store.close()
    await client.flushall()
    await one.store.touch('a', 'alice')
    await vi.waitFor(async () => {
      await one.store.touch('a', 'alice')
      expect(await one.store.members('a')).toEqual(['alice'])
    })
    await vi.waitFor(
      async () => {
        await one.store.touch('a', 'alice')
        expect(one.told.flatMap(({ leave }) => leave)).toEqual(['gone'])
      },
      { timeout: 5_000 },
    )
  })

  it('tells what was missed while its connection was lost', async () => {
    const { one, two } = together()
    await two.store.touch('a', 'early')
    await vi.waitFor(() => expect(one.told.length).toBe(1))
    await client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await two.store.leave('a', 'early')
    await two.store.touch('a', 'late')
    await vi.waitFor(
      () => {
        expect(one.told.flatMap(({ join }) => join)).toEqual(['early', 'late'])
        expect(one.told.flatMap(({ leave }) => leave)).toEqual(['early'])
      },
      { timeout: 5_000 },
    )
  })

  it('refuses one member too many', async () => {
    const { store } = open({ prefix: randomUUID(), members: 2 })
    await store.touch('a', 'alice')
    await store.touch('b', 'alice')
    await expect(store.touch('a', 'bob')).rejects.toMatchObject({ code: 'busy' })
    await store.leave('b', 'alice')
    await store.touch('a', 'bob')
    expect(await store.members('a')).toEqual(['alice', 'bob'])
  })

  it('leaves nothing behind that does not expire', async () => {
    const prefix = randomUUID()
    const { store } = open({ prefix })
    await store.touch('a', 'alice')
    const keys = await client.keys(`{${prefix}}:*`)
    expect(keys.length).toBe(3)
    for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(60_000)
  })

  it('is unavailable while Redis is, and goes on afterwards', async () => {
    const own = await startRedis()
    try {
      const { store } = open({ url: own.url, deadlineMs: 300 })
      await store.touch('a', 'alice')
      await own.kill()
      await expect(store.members('a')).rejects.toMatchObject({ code: 'unavailable' })
      await own.start()
      await vi.waitFor(() => store.touch('a', 'bob'), { timeout: 5_000 })
      expect(await store.members('a')).toContain('bob')
    } finally {
      await own.stop()
    }
  })
})
