import { spawn } from 'node:child_process'
import { get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { constants, createGunzip, deflateRawSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { connect } from '../../src/client/index.ts'
import { createSseDecoder, type SseEvent } from '../../src/protocol/index.ts'
import { takesGzip } from '../../src/transports/compression.ts'
import { needs } from '../support/needs.ts'
import { serve, until } from './serve.ts'

const channels = {
  feed: { read: 'public', send: 'public', compress: true },
  plain: { read: 'public' },
  letters: { read: 'signed-in', compress: true },
} as const

const text = 'the same words again and again, '.repeat(30)

/** A stream as it came over the wire, and the events in it. */
async function openGzip(url: string, encoding = 'gzip') {
  const raw: Buffer[] = []
  const events: SseEvent[] = []
  const decoder = createSseDecoder({ onEvent: (event) => void events.push(event) })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = get(
      url,
      { headers: { accept: 'text/event-stream', 'accept-encoding': encoding } },
      resolve,
    )
    request.on('error', reject)
    onTestFinished(() => void request.destroy())
  })
  response.on('error', () => {})
  const isGzip = response.headers['content-encoding'] === 'gzip'
  const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH })
  gunzip.on('data', (chunk: Buffer) => decoder.push(chunk))
  response.on('data', (chunk: Buffer) => {
    raw.push(chunk)
    isGzip ? gunzip.write(chunk) : decoder.push(chunk)
  })
  return { response, raw, events, isGzip, bytes: () => raw.reduce((sum, { length }) => sum + length, 0) }
}

const dataOf = (events: readonly SseEvent[]) =>
  events.flatMap(({ event, data }) => (event === 'tick' ? [data] : []))

describe('a channel that says it may be compressed', () => {
  it('is, for who takes it, event by event, and is the same for who does not', async () => {
    const { server, url } = await serve({ channels })
    const streams = await Promise.all(
      ['gzip', 'br;q=1, gzip;q=0.5', 'identity', 'gzip;q=0'].map((one) => openGzip(`${url}/feed`, one)),
    )
    expect(streams.map(({ isGzip }) => isGzip)).toEqual([true, true, false, false])
    for (const { response } of streams) expect(response.headers.vary).toContain('accept-encoding')
    for (let i = 0; i < 5; i++) {
      await server.channel('feed').publish('tick', { i, text })
      // Each comes at once: nothing waits in a compressor for what follows.
      for (const { events } of streams) await until(() => dataOf(events).length === i + 1, `event ${i}`)
    }
    const [first, ...others] = streams.map(({ events }) => dataOf(events))
    for (const other of others) expect(other).toEqual(first)
    expect(streams[0]!.bytes()).toBeLessThan(streams[2]!.bytes() / 3)
  })

  it('is compressed once for all readers: they get the same bytes', async () => {
    const { server, url } = await serve({ channels })
    const streams = await Promise.all([1, 2, 3].map(() => openGzip(`${url}/feed`)))
    for (const { events } of streams) await until(() => events.length === 1, 'the heartbeat')
    const before = streams.map(({ bytes }) => bytes())
    await Promise.all([1, 2, 3].map((i) => server.channel('feed').publish('tick', { i, text })))
    for (const { events } of streams) await until(() => dataOf(events).length === 3, 'three events')
    const rest = streams.map(({ raw }, at) => Buffer.concat(raw).subarray(before[at]).toString('hex'))
    expect(rest[1]).toBe(rest[0])
    expect(rest[2]).toBe(rest[0])
  })

  it('is resumed compressed, with what was missed', async () => {
    const { server, url } = await serve({ channels })
    for (let i = 0; i < 600; i++) await server.channel('feed').publish('tick', i)
    const stream = await openGzip(`${url}/feed?after=earliest`)
    await until(() => dataOf(stream.events).length === 600, 'all that was kept')
    expect(dataOf(stream.events)).toEqual(Array.from({ length: 600 }, (_, i) => String(i)))
  })

  it('is not on a stream together with one that does not say so, nor are others', async () => {
    const { url } = await serve({ channels })
    expect((await openGzip(`${url}?channel=feed&channel=plain`)).isGzip).toBe(false)
    const other = await openGzip(`${url}/plain`)
    expect([other.isGzip, other.response.headers.vary?.includes('encoding')]).toEqual([false, false])
  })

  it.skipIf(!needs('curl'))('is shown by curl --compressed event by event', async () => {
    const { server, url } = await serve({ channels })
    const curl = spawn('curl', ['-sN', '--compressed', `${url}/feed`])
    onTestFinished(() => void curl.kill())
    let shown = ''
    curl.stdout.on('data', (chunk) => {
      shown += chunk
    })
    await until(() => shown.includes('$heartbeat'), 'the first block')
    for (let i = 0; i < 3; i++) {
      await server.channel('feed').publish('tick', `number ${i}`)
      await until(() => shown.includes(`number ${i}`), `event ${i}`)
    }
  })

  it('is read by the client over each transport as it was published', async () => {
    const { server, url } = await serve({ channels })
    for (const transport of ['sse', 'websocket', 'long-poll'] as const) {
      const client = connect(url, { transport })
      const seen: unknown[] = []
      client.channel('feed', { after: 'earliest' }).on('*', (data) => void seen.push(data))
      await until(() => client.state.phase === 'open', 'the stream')
      await server.channel('feed').publish('tick', { transport, text })
      await until(() => seen.some((one) => JSON.stringify(one).includes(transport)), 'the event')
      client.close()
    }
  })
})

/** A WebSocket with what it heard, and how many bytes that took. */
async function openSocket(url: string, deflate: boolean, headers = {}) {
  const ws = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: deflate, headers })
  onTestFinished(() => ws.terminate())
  const data: unknown[] = []
  const state = { code: 0 }
  ws.on('error', () => {})
  ws.on('close', (code) => {
    state.code = code
  })
  ws.on('message', (bytes, isBinary) => {
    if (isBinary) return void data.push((bytes as Buffer).subarray(-4).toString('hex'))
    const message = JSON.parse(bytes.toString())
    if (message.op === 'event') data.push(message.data)
  })
  let socket: Socket | undefined
  let agreed = ''
  ws.on('upgrade', ({ headers, socket: own }) => {
    socket = own
    agreed = headers['sec-websocket-extensions'] ?? ''
  })
  await new Promise((resolve) => ws.on('open', resolve))
  return { ws, data, state, bytes: () => socket!.bytesRead, agreed, deflates: agreed !== '' }
}

describe('over WebSocket', () => {
  it('messages are compressed where both sides agreed, and the same where they did not', async () => {
    const { server, url } = await serve({ channels })
    const packed = await openSocket(`${url}/feed`, true)
    const plain = await openSocket(`${url}/feed`, false)
    expect([packed.deflates, plain.deflates]).toEqual([true, false])
    for (const way of ['server', 'client']) expect(packed.agreed).toContain(`${way}_no_context_takeover`)
    const before = [packed.bytes(), plain.bytes()]
    for (const data of [{ text }, 'short', Uint8Array.of(1, 2, 3, 4), { text }])
      await server.channel('feed').publish('tick', data)
    for (const one of [packed, plain]) await until(() => one.data.length === 4, 'four events')
    expect(packed.data).toEqual(plain.data)
    expect(packed.data).toEqual([{ text }, 'short', '01020304', { text }])
    expect(packed.bytes() - before[0]!).toBeLessThan((plain.bytes() - before[1]!) / 2)
  })

  it('a channel that does not say so is not compressed on a socket that could', async () => {
    const { server, url } = await serve({ channels })
    const one = await openSocket(`${url}/plain`, true)
    const before = one.bytes()
    await server.channel('plain').publish('tick', { text })
    await until(() => one.data.length === 1, 'the event')
    expect(one.bytes() - before).toBeGreaterThan(text.length)
  })

  it('what is inflated is bounded: a bomb ends its own socket', async () => {
    const { server, url } = await serve({ channels })
    const healthy = await openSocket(`${url}/feed`, true)
    const bomb = await openSocket(`${url}/feed`, true)
    bomb.ws.send(Buffer.alloc(16 * 1024 * 1024), { compress: true })
    await until(() => bomb.state.code !== 0, 'its end')
    expect(bomb.state.code).toBe(1009)
    await server.channel('feed').publish('tick', 1)
    await until(() => healthy.data.length === 1, 'the event')
  })

  it('nothing is inflated for strangers where nothing compressed is open to them', async () => {
    const { url } = await serve({
      channels: { letters: channels.letters, plain: channels.plain },
      authenticate: ({ headers }) => (headers.authorization === 'Bearer ann' ? { id: 'ann' } : null),
    })
    expect((await openSocket(url, true)).deflates).toBe(false)
    expect((await openSocket(url, true, { authorization: 'Bearer ann' })).deflates).toBe(true)
    const open = await serve({ channels: { plain: channels.plain } })
    expect((await openSocket(open.url, true)).deflates).toBe(false)
  })

  it('a compressed message of the client is understood', async () => {
    const { server, url } = await serve({ channels })
    const one = await openSocket(`${url}/feed`, true)
    const data = { text }
    one.ws.send(JSON.stringify({ op: 'send', ref: 1, event: 'tick', data }), { compress: true })
    await until(() => one.data.length === 1, 'the event')
    expect((await server.channel('feed').history()).events).toMatchObject([{ data }])
  })
})

it('accept-encoding is read as the RFC has it', () => {
  const taken = ['gzip', 'GZIP', 'x-gzip', 'br, gzip', 'gzip; q=0.1', 'deflate;q=0,gzip']
  const left = [undefined, '', 'br', 'gzip;q=0', 'gzip; q=0.000', 'identity', 'gzipped', '*']
  expect(taken.filter((one) => !takesGzip(one))).toEqual([])
  expect(left.filter(takesGzip)).toEqual([])
  expect(deflateRawSync(text).length).toBeLessThan(text.length)
})
