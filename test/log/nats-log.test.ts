import { connect } from '@nats-io/transport-node'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ChannelLog, StoredEvent } from '../../src/hub/channel-log.ts'
import { type NatsLogOptions, natsLog } from '../../src/log/nats.ts'
import { all, appendTo, offsetsOf, readAll, tick, wholePage } from '../../src/testing/log-case.ts'
import { type NatsServer, startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'

const password = 'correct-horse-battery'

describe.skipIf(!needs('nats'))('natsLog', () => {
  let server: NatsServer
  let streams = 0
  const opened: ChannelLog[] = []

  beforeAll(async () => {
    server = await startNats({ user: { name: 'fairlead', password }, maxFileBytes: 4 * 1024 ** 3 })
  })
  afterAll(() => server.stop())
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((log) => log.close()))
  })

  function open(options: NatsLogOptions = {}): ChannelLog {
    const stream = `own-${streams++}`
    const log = natsLog({ servers: server.url, stream, bytes: 32 * 1024 * 1024, ...options })
    opened.push(log)
    return log
  }

  /** A request to JetStream, as an operator makes it. */
  async function api(what: string, body: unknown = ''): Promise<{ state?: { messages: number } }> {
    const connection = await connect({
      servers: `127.0.0.1:${server.port}`,
      user: 'fairlead',
      pass: password,
    })
    try {
      const text = body === '' ? '' : JSON.stringify(body)
      return (await connection.request(`$JS.API.${what}`, text)).json()
    } finally {
      await connection.close()
    }
  }

  function follow(log: ChannelLog) {
    const seen: StoredEvent[] = []
    const epochs: (string | undefined)[] = []
    const feed = log.follow({
      event: (event) => seen.push(event),
      epoch: (epoch) => epochs.push(epoch),
      unavailable: () => {},
    })
    return { feed, seen, epochs }
  }

  it('fails in time while NATS is away, says no password, and goes on when it is there', async () => {
    const log = open({ timeoutMs: 400 })
    const [first] = await appendTo(log, ['a'])
    await server.kill()
    const calls = [log.append(tick('a')), log.head(), log.read(all(['a']), wholePage)]
    for (const outcome of await Promise.allSettled(calls)) {
      const error = outcome.status === 'rejected' ? (outcome.reason as Error & { code: string }) : undefined
      expect(error?.code).toBe('unavailable')
      expect(`${error?.message} ${error?.stack}`).not.toContain(password)
    }
    await server.restart()
    await vi.waitFor(async () => expect((await log.head()).offset).toBe(first), { timeout: 5_000 })
    await appendTo(log, ['a'])
  })

  it('says no password of an address that cannot be', async () => {
    const log = open({ servers: `http://fairlead:${password}@127.0.0.1` })
    const error = await log.head().catch((thrown: Error) => thrown)
    expect((error as Error).message).toContain('nats://host:port')
    expect((error as Error).message).not.toContain(password)
  })

  it('begins a new epoch before the next append when its stream was made anew', async () => {
    const log = open({ stream: 'anew' })
    const { feed, epochs } = follow(log)
    await feed.watch('a')
    const { epoch } = await log.append(tick('a'))
    await appendTo(log, ['a', 'a'])
    await api('STREAM.DELETE.anew')
    const after = await log.append(tick('a'))
    expect(after.epoch).not.toBe(epoch)
    expect(epochs).toEqual([after.epoch])
    expect(await log.head()).toEqual({ epoch: after.epoch, offset: after.offset })
  })

  it('begins a new epoch for all when events are gone, and uses none of their offsets in the old one', async () => {
    const log = open({ stream: 'older' })
    const other = open({ stream: 'older' })
    await appendTo(log, ['a', 'a'])
    await server.save()
    await server.restart()
    const { epoch, offset } = await log.append(tick('a'))
    await other.head()
    await server.restore()
    await server.restart()
    const answers = await Promise.all([other.append(tick('a')), log.append(tick('a'))])
    for (const answer of answers) expect(answer.epoch).not.toBe(epoch)
    expect(offset).toBe(3)
    expect((await other.head()).epoch).toBe((await log.head()).epoch)
  })

  it('gives a key its first answer when the event is gone and NATS was started again', async () => {
    const log = open({ events: 1, channels: 1, stream: 'keys' })
    const first = await log.append(tick('a'), { key: 'k' })
    await appendTo(log, ['b', 'b', 'b'])
    await log.close()
    await server.restart()
    const again = open({ events: 1, channels: 1, stream: 'keys' })
    expect(await again.append(tick('a'), { key: 'k' })).toEqual({ ...first, repeated: true })
    await expect(again.append(tick('a', '1'), { key: 'k' })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    })
  })

  it('gives back the room of what a channel no longer keeps, and still reports it as a gap', async () => {
    const log = open({ stream: 'trim' })
    const few = { retention: { count: 5 } }
    await appendTo(log, ['b'])
    const offsets: number[] = []
    for (let i = 0; i < 210; i++) offsets.push((await log.append(tick('a', `${i}`), few)).offset!)
    await vi.waitFor(async () => {
      const { state } = await api('STREAM.INFO.trim')
      expect(state!.messages).toBeLessThan(30)
    })
    // From here on the channel keeps all, but what is gone stays gone.
    const [more] = await appendTo(log, ['a'])
    const { earliest } = await log.channelHead('a')
    expect(earliest).toBeGreaterThanOrEqual(offsets[194]!)
    const page = await log.read(all(['a'], offsets[10]), wholePage)
    expect(page.gaps).toEqual([{ channel: 'a', reason: 'trimmed', earliest }])
    const kept = await readAll(log, all(['a'], earliest))
    expect(offsetsOf(kept).at(-1)).toBe(more)
    for (const names of [
      ['a', 'b'],
      ['b', 'a', 'c'],
    ]) {
      const together = await log.read(all(names, offsets[180]), wholePage)
      expect(together.gaps.map(({ channel }) => channel)).toEqual(['a'])
    }
  })

  it('finds the newest events of a channel wherever they lie', async () => {
    const log = open()
    const clump = await Promise.all(Array.from({ length: 700 }, (_, i) => log.append(tick('a', `${i}`))))
    await Promise.all(Array.from({ length: 900 }, () => log.append(tick('b'))))
    const offsets = clump.map(({ offset }) => offset!).sort((one, other) => one - other)
    for (const count of [1, 2, 100, 699, 700, 5_000]) {
      const { newest } = await log.channelHead('a', count)
      expect(newest, `the last ${count}`).toBe(offsets.at(-count - 1) ?? 0)
    }
  })

  it('reads many channels at once, busy and idle ones, in one order', async () => {
    const log = open()
    const names = Array.from({ length: 150 }, (_, i) => `c/${i}`)
    const order = Array.from({ length: 600 }, (_, i) => names[(i * 37) % 150]!)
    const answers = await Promise.all(order.map((channel) => log.append(tick(channel))))
    const sorted = answers.map(({ offset }) => offset!).sort((one, other) => one - other)
    for (const events of [40, 10_000]) {
      const read = await readAll(log, all(names), { events, bytes: 1_000_000 })
      expect(offsetsOf(read)).toEqual(sorted)
    }
    const few = names.slice(0, 7)
    const expected = offsetsOf(await readAll(log, all(names))).length
    expect(expected).toBe(600)
    const some = await readAll(log, all(few), { events: 5, bytes: 1_000_000 })
    expect(some.every(({ channel }) => few.includes(channel))).toBe(true)
    expect(some).toHaveLength(28)
  })

  it('goes over the application’s own connection and leaves it open', async () => {
    const connection = await connect({
      servers: `127.0.0.1:${server.port}`,
      user: 'fairlead',
      pass: password,
    })
    const log = open({ connection, servers: undefined })
    await appendTo(log, ['a'])
    await log.close()
    expect(connection.isClosed()).toBe(false)
    await connection.close()
  })

  it('says what to do when JetStream has no room, and when an event is too large', async () => {
    await expect(open({ bytes: 2 ** 40 }).head()).rejects.toMatchObject({ code: 'storage_full' })
    const log = open()
    const large = tick('a', new Uint8Array(1_100_000))
    await expect(log.append(large)).rejects.toMatchObject({ code: 'payload_too_large' })
  })

  it('takes no stream that is not its own', async () => {
    await api('STREAM.CREATE.orders', { name: 'orders', subjects: ['orders.>'] })
    await expect(open({ stream: 'orders' }).head()).rejects.toThrow(/not a log of Fairlead/)
    const inMemory = open({ stream: 'kind', storage: 'memory' })
    expect((await inMemory.append(tick('a'))).durability).toBe('memory')
    await expect(open({ stream: 'kind' }).head()).rejects.toThrow(/tell natsLog so/)
  })
})
