import { describe, expect, it, onTestFinished } from 'vitest'
import { connect } from '../../src/client/index.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

/** Three logs: one for chats, one for cursors, one for the rest. */
async function open() {
  const { url, server } = await serve({
    dev: true,
    log: memoryLog(),
    logs: { 'chat/*': memoryLog(), 'cursor/*': memoryLog() },
  })
  const send = (channel: string, text: string) => post(`${url}/${channel}`, JSON.stringify(text))
  const page = async (query: string) => (await fetch(`${url}?${query}`)).json()
  return { url, server, send, page }
}

describe('several logs by channel pattern', () => {
  it('keep each channel in the log of the first pattern that covers it', async () => {
    const { send, page } = await open()
    for (const channel of ['chat/1', 'stock', 'chat/2']) await send(channel, 'x')
    const [one, two, stock] = await Promise.all(
      ['chat/1', 'chat/2', 'stock'].map((channel) => page(`channel=${channel}&after=earliest&limit=10`)),
    )
    const epochs = [one, two, stock].map(({ position }) => position.split('.')[0])
    expect([epochs[0] === epochs[1], epochs[0] === epochs[2]]).toEqual([true, false])
    expect([one, two, stock].map(({ events }) => events[0].id.split('.')[1])).toEqual(['1', '2', '1'])
  })

  it('refuse a plain stream or history over two of them, and say which channels belong together', async () => {
    const { url, page } = await open()
    const query = 'channel=chat/1&channel=stock&channel=chat/2'
    const stream = await fetch(`${url}?${query}`, { headers: { accept: 'text/event-stream' } })
    expect(stream.status).toBe(400)
    const refused = await stream.json()
    expect(refused).toMatchObject({ code: 'several_logs' })
    expect(refused.detail).toContain('chat/1 chat/2 | stock')
    expect(await page(`${query}&limit=5`)).toMatchObject({ code: 'several_logs' })
    expect(await page('channel=chat/1&channel=chat/2&limit=5')).toMatchObject({ events: [] })
  })

  it('are one stream in the SDK’s format, with a position for each channel', async () => {
    const { url, send } = await open()
    await send('stock', 'before')
    const query = 'channel=chat/1&channel=stock&format=envelope'
    const stream = await openStream(`${url}?${query}`)
    await until(() => stream.events.length > 0, 'the first block')
    const { positions } = JSON.parse(stream.events[0]!.data)
    expect(Object.keys(positions).sort()).toEqual(['chat/1', 'stock'])
    await send('chat/1', 'a')
    await send('stock', 'b')
    const envelopes = () =>
      stream.events.map(({ data }) => JSON.parse(data)).filter(({ op }) => op === 'event')
    await until(() => envelopes().length === 2, 'both events')
    expect(envelopes().map(({ channel, data }) => [channel, data])).toEqual([
      ['chat/1', 'a'],
      ['stock', 'b'],
    ])
  })

  it('are one WebSocket, whose heartbeats say a position for each channel', async () => {
    const { url, send } = await open()
    const socket = await openSocket(url)
    for (const [ref, channel] of ['chat/1', 'stock'].entries()) socket.say({ op: 'subscribe', ref, channel })
    await send('chat/1', 'a')
    await send('stock', 'b')
    await socket.message('event', ({ channel }) => channel === 'stock')
    const { positions } = await socket.message('heartbeat', ({ positions }) => positions !== undefined)
    expect(new Set(Object.values(positions!).map((position) => position.split('.')[0])).size).toBe(2)
  })

  it('answer a poll of the SDK as soon as any of them has something', async () => {
    const { send, page } = await open()
    const query = 'channel=chat/1&channel=stock&format=envelope&limit=10'
    const { positions } = await page(query)
    const from = Object.entries(positions)
      .map(([channel, position]) => `channel=${channel}@${position}`)
      .join('&')
    const parked = page(`${from}&format=envelope&limit=10&wait=20`)
    await send('stock', 'b')
    const answer = await parked
    expect(answer.events.map(({ channel }: { channel: string }) => channel)).toEqual(['stock'])
    expect(answer.positions['chat/1']).toBe(positions['chat/1'])
  })

  it.each(['sse', 'websocket', 'long-poll'] as const)(
    'are spanned by the client on %s: each channel once and in order, over cuts too',
    async (transport) => {
      const { url, server, send } = await open()
      const client = connect(url, { transport })
      onTestFinished(() => client.close())
      const channels = ['chat/1', 'chat/2', 'cursor/1', 'stock']
      const seen = new Map<string, unknown[]>(channels.map((name) => [name, []]))
      const resets: unknown[] = []
      const handles = channels.map((name) => client.channel(name))
      for (const [i, channel] of handles.entries()) {
        const name = channels[i]!
        channel.on('message', (data) => void seen.get(name)!.push(data))
        channel.onReset((reset) => void resets.push(reset))
      }
      const texts: string[] = []
      const say = async (count: number) => {
        for (let i = 0; i < count; i++) {
          texts.push(`${texts.length}`)
          for (const name of channels) await send(name, texts.at(-1)!)
        }
      }
      const complete = () => channels.every((name) => seen.get(name)!.length >= texts.length)
      await until(() => handles.every(({ position }) => position !== undefined), 'the stream')
      await say(5)
      await until(complete, 'the first events')
      for (let cut = 0; cut < 3; cut++) {
        client.use(transport === 'sse' ? 'long-poll' : 'sse').catch(() => {})
        await say(3)
        client.use(transport).catch(() => {})
        await say(3)
      }
      await until(complete, 'all events')
      for (const name of channels) expect(seen.get(name)).toEqual(texts)
      expect(resets).toEqual([])
      expect(server.status()).toMatchObject({ logs: [{}, {}, {}] })
    },
  )

  it('conflict with an expected position of another log', async () => {
    const { url, page } = await open()
    const { position } = await page('channel=stock&limit=1')
    const refused = await post(`${url}/chat/1?after=${position}`, '1')
    expect([refused.status, (await refused.json()).code]).toEqual([409, 'conflict'])
  })
})
