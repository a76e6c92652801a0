import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { PresenceStore } from '../../src/hub/presence.ts'
import { natsPresence } from '../../src/log/nats.ts'
import { runPresenceCases } from '../../src/testing/presence-cases.ts'
import { type NatsServer, startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'

const program = needs('nats')

describe.skipIf(!program)('natsPresence', () => {
  let server: NatsServer
  let prefixes = 0
  const opened: PresenceStore[] = []

  beforeAll(async () => {
    server = await startNats()
  })
  afterAll(async () => {
    await Promise.all(opened.map((store) => store.close()))
    await server.stop()
  })

  runPresenceCases({
    describe,
    it,
    open: async (options) => natsPresence({ ...options, servers: server.url, prefix: `p${prefixes++}` }),
  })

  function open(prefix: string, timeoutMs = 60_000): PresenceStore {
    const store = natsPresence({ servers: server.url, prefix, timeoutMs, batchMs: 20 })
    opened.push(store)
    return store
  }

  it('shows the members of one server on the others, and lets them go', async () => {
    const [one, two] = [open('shared'), open('shared')]
    await two.touch('other', 'known')
    await vi.waitFor(async () => expect(await one.members('other')).toEqual(['known']))
    await one.touch('a', 'alice')
    await two.touch('a', 'bob')
    for (const store of [one, two]) {
      await vi.waitFor(async () => expect(await store.members('a')).toEqual(['alice', 'bob']))
    }
    await one.leave('a', 'alice')
    await vi.waitFor(async () => expect(await two.members('a')).toEqual(['bob']))
  })

  it('tells a server that comes later of those who are there', async () => {
    const one = open('later')
    for (let i = 0; i < 1_500; i++) await one.touch(`c${i % 3}`, `member-${i}`)
    await one.leave('c0', 'member-0')
    const two = open('later')
    await vi.waitFor(async () => expect(await two.members('c2')).toHaveLength(500))
    expect(await two.members('c0')).toEqual(await one.members('c0'))
  })

  it('lets go of the members of a server that died when their time is over', async () => {
    const one = open('dying', 1_000)
    const two = natsPresence({ servers: server.url, prefix: 'dying', timeoutMs: 1_000, batchMs: 20 })
    const left: string[] = []
    one.follow(({ leave }) => left.push(...leave))
    await two.touch('a', 'bob')
    await vi.waitFor(async () => expect(await one.members('a')).toEqual(['bob']))
    await two.close()
    await one.touch('a', 'alice')
    await vi.waitFor(() => expect(left).toContain('bob'), { timeout: 3_000 })
  })

  it('goes on by itself while NATS is away, and meets the others again', async () => {
    const one = open('away')
    const two = open('away')
    await one.touch('a', 'alice')
    await vi.waitFor(async () => expect(await two.members('a')).toEqual(['alice']))
    await server.kill()
    await one.touch('a', 'carol')
    expect(await one.members('a')).toEqual(['alice', 'carol'])
    await server.restart()
    await vi.waitFor(async () => expect(await two.members('a')).toEqual(['alice', 'carol']), {
      timeout: 5_000,
    })
  })
})
