import { describe, expect, it } from 'vitest'
import { connect } from '../../src/client/index.ts'
import type { ChannelLog, FeedSink } from '../../src/hub/channel-log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

/** A log that can lose everything, as one does whose machine is replaced: a new epoch begins. */
function losableLog(): ChannelLog & { lose(): Promise<string>; miss(): void } {
  let kept = memoryLog()
  let sink: FeedSink | undefined
  let near: ReturnType<ChannelLog['follow']> | undefined
  const follow = () => {
    near = kept.follow({ event: (event) => sink?.event(event), epoch: () => {}, unavailable: () => {} })
  }
  return {
    durability: 'memory',
    append: (...args) => kept.append(...args),
    read: (...args) => kept.read(...args),
    head: (...args) => kept.head(...args),
    channelHead: (...args) => kept.channelHead(...args),
    close: () => kept.close(),
    follow(given) {
      sink = given
      follow()
      return {
        watch: (channel) => near!.watch(channel),
        unwatch: (channel) => near!.unwatch(channel),
        get position() {
          return near!.position
        },
      }
    },
    async lose() {
      kept = memoryLog()
      follow()
      const { epoch } = await kept.head()
      sink!.epoch(epoch)
      return epoch
    },
    miss: () => sink!.epoch(undefined),
  }
}

async function open() {
  const log = losableLog()
  const { url } = await serve({ dev: true, log })
  const send = (n: number) => post(`${url}/a`, `${n}`)
  for (const n of [1, 2, 3]) await send(n)
  return { log, url, send }
}

describe('a log that begins a new epoch', () => {
  it('ends every stream with a `bye` that asks to come back, and says `reset` to who comes from before', async () => {
    const { log, url, send } = await open()
    const stream = await openStream(`${url}/a`)
    const socket = await openSocket(`${url}/a`)
    const position = (await stream.event('$heartbeat')).lastEventId
    const epoch = await log.lose()
    await stream.event('$bye', ({ data }) => JSON.parse(data).reason === 'unavailable')
    expect((await socket.message('bye')).retryMs).toBeLessThan(1_000)
    await until(() => socket.closed?.code === 4100, 'the close')
    await send(1)
    const again = await openStream(`${url}/a?after=${position}`)
    const reset = JSON.parse((await again.event('$reset')).data)
    expect(reset).toMatchObject({
      channel: 'a',
      reason: 'epoch',
      earliest: `${epoch}.0`,
      latest: `${epoch}.1`,
    })
    await send(2)
    expect((await again.event('message')).lastEventId).toBe(`${epoch}.2`)
  })

  it('answers a parked poll at once, to be asked again', async () => {
    const { log, url } = await open()
    const { position } = await (await fetch(`${url}/a?limit=1`)).json()
    const parked = fetch(`${url}/a?after=${position}&wait=50`)
    await until(() => true, 'a turn')
    await new Promise((resolve) => setTimeout(resolve, 50))
    await log.lose()
    const answer = await parked
    expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true])
  })

  it.each(['sse', 'websocket', 'long-poll'] as const)(
    'is one reset to the client on %s',
    async (transport) => {
      const { log, url, send } = await open()
      const client = connect(url, { transport })
      const seen: unknown[] = []
      const channel = client.channel('a', { after: 'earliest' })
      channel.on('message', (data) => void seen.push(data))
      channel.onReset(({ reason }) => void seen.push(reason))
      await until(() => seen.length === 3, 'the first events')
      await log.lose()
      await until(() => seen.includes('epoch'), 'the reset')
      await send(4)
      await until(() => seen.includes(4), 'the event after it')
      expect(seen).toEqual([1, 2, 3, 'epoch', 4])
      client.close()
    },
  )

  it('is no reset when only the feed missed something: readers come back and go on', async () => {
    const { log, url, send } = await open()
    const client = connect(url, { transport: 'sse' })
    const seen: unknown[] = []
    const channel = client.channel('a', { after: 'earliest' })
    channel.on('message', (data) => void seen.push(data))
    channel.onReset(({ reason }) => void seen.push(reason))
    await until(() => seen.length === 3, 'the first events')
    log.miss()
    await send(4)
    await until(() => seen.includes(4), 'the event after it')
    expect(seen).toEqual([1, 2, 3, 4])
    client.close()
  })
})
