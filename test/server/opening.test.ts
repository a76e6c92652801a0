import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

const away = new FairleadError('unavailable', 'Nobody answers at 10.0.0.7.')

/** A log that is out of reach until it is `healed`. */
function farLog(failure: () => Promise<never> = () => Promise.reject(away)) {
  const real = memoryLog()
  const state = { lost: true, asked: 0, closed: false }
  const log: ChannelLog = {
    durability: 'replicated',
    append: (event, options) => real.append(event, options),
    read: (from, bounds, signal) => real.read(from, bounds, signal),
    channelHead: (channel, last, signal) => real.channelHead(channel, last, signal),
    follow: (sink) => real.follow(sink),
    head(signal) {
      state.asked++
      return state.lost ? failure() : real.head(signal)
    },
    async close() {
      state.closed = true
      await real.close()
    },
  }
  return Object.assign(state, { log })
}

/** A server on such a log, its clock, and what it reported. */
function starting(far = farLog()) {
  const clock = simulatedClock()
  const reported: unknown[] = []
  const channels = { news: { read: 'public', send: 'public' } } as const
  const server = createServer({
    log: far.log,
    channels,
    clock,
    onError: (error) => void reported.push(error),
  })
  onTestFinished(() => server.close())
  return { far, clock, reported, server }
}

/** The server attached to another one, which listens. */
async function attached({ server, ...rest }: ReturnType<typeof starting>) {
  const http = createHttpServer()
  server.attach(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  return { ...rest, server, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/live` }
}

/** Lets time go by until a promise is settled. */
async function passing<T>(clock: { advance(ms: number): void }, work: Promise<T>, stepMs = 100): Promise<T> {
  let settled = false
  const done = () => {
    settled = true
  }
  work.then(done, done)
  while (!settled) {
    clock.advance(stepMs)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return work
}

describe('a server whose log is out of reach when it starts', () => {
  it('tries again, says so once, and listens as soon as the log answers', async () => {
    const { far, clock, reported, server } = starting()
    const listening = server.listen({ port: 0 })
    for (let i = 0; i < 80; i++) {
      clock.advance(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
    // 0, 0.1, 0.3, 0.7, 1.5, 3.1, 5.1, 7.1 seconds.
    expect(far.asked).toBe(8)
    far.lost = false
    const { url } = await passing(clock, listening)
    expect((await fetch(`${url}/live/news?limit=1`)).status).toBe(200)
    expect(reported).toEqual([away])
  })

  it('gives up listening after 15 seconds, with what is wrong', async () => {
    const { clock, server } = starting()
    const began = clock.now()
    await expect(passing(clock, server.listen({ port: 0 }))).rejects.toThrow(
      'The log is out of reach: Nobody answers at 10.0.0.7.',
    )
    expect(clock.now() - began).toBeGreaterThanOrEqual(15_000)
    expect(clock.now() - began).toBeLessThan(16_000)
  })

  it('listens at a later try', async () => {
    const { clock, far, server } = starting()
    await expect(passing(clock, server.listen({ port: 0 }), 1_000)).rejects.toThrow('out of reach')
    far.lost = false
    const { url } = await passing(clock, server.listen({ port: 0 }))
    expect((await fetch(`${url}/live/news?limit=1`)).status).toBe(200)
  })

  it('answers a request after 5 seconds with 503, without saying where the log is', async () => {
    const { clock, url } = await attached(starting())
    const began = clock.now()
    const answer = await passing(clock, fetch(`${url}/news?limit=1`))
    expect(clock.now() - began).toBeGreaterThanOrEqual(5_000)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
    const problem = await answer.json()
    expect(problem).toMatchObject({ code: 'unavailable' })
    expect(JSON.stringify(problem)).not.toContain('10.0.0.7')
    const sent = fetch(`${url}/news`, {
      method: 'POST',
      body: '1',
      headers: { 'content-type': 'application/json' },
    })
    expect((await passing(clock, sent)).status).toBe(503)
  })

  it('answers a stream with one that says to come back, in both formats', async () => {
    const { clock, url } = await attached(starting())
    const headers = { accept: 'text/event-stream' }
    const plain = await passing(clock, fetch(`${url}/news`, { headers }))
    expect(plain.status).toBe(200)
    expect(await plain.text()).toMatch(
      /^retry: \d+\n\nevent: \$bye\ndata: \{"reason":"unavailable","retryMs":\d+\}\n\n$/,
    )
    const envelope = await passing(clock, fetch(`${url}/news?format=envelope`, { headers }))
    expect(await envelope.text()).toMatch(/^data: \{"op":"bye","reason":"unavailable","retryMs":\d+\}\n\n$/)
  })

  it('accepts a WebSocket, and closes it with 4100', async () => {
    const { clock, url } = await attached(starting())
    const ws = new WebSocket(url.replace('http', 'ws'), 'fairlead.v1.json')
    const said: string[] = []
    ws.on('message', (data) => said.push(String(data)))
    const code = await passing(clock, new Promise((resolve) => ws.once('close', resolve)))
    expect(code).toBe(4100)
    expect(said.map((text) => JSON.parse(text))).toMatchObject([{ op: 'bye', reason: 'unavailable' }])
  })

  it('still refuses for good what may not be asked', async () => {
    const { clock, url } = await attached(starting())
    const origin = { origin: 'https://other.example', accept: 'text/event-stream', cookie: 'a=b' }
    expect((await passing(clock, fetch(`${url}/news`, { headers: origin }))).status).toBe(403)
  })

  it('lets the application’s own calls fail after 5 seconds', async () => {
    const { clock, server } = starting()
    await expect(passing(clock, server.channel('news').publish('n', 1))).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  it('serves requests that waited', async () => {
    const { far, clock, url } = await attached(starting())
    const asked = fetch(`${url}/news?limit=1`)
    await vi.waitFor(() => expect(far.asked).toBe(1))
    far.lost = false
    expect((await passing(clock, asked)).status).toBe(200)
  })

  it('is closed at once, its log with it, even while a call hangs', async () => {
    let fail = (_: Error) => {}
    const hanging = new Promise<never>((_, reject) => {
      fail = reject
    })
    const far = farLog(() => hanging)
    const close = far.log.close
    const { server } = starting(far)
    await vi.waitFor(() => expect(far.asked).toBe(1))
    Object.assign(far.log, {
      close() {
        fail(new FairleadError('unavailable', 'The log is closed.'))
        return close()
      },
    })
    await server.close()
    expect(far.closed).toBe(true)
    await expect(server.listen({ port: 0 })).rejects.toThrow()
  })
})

describe('a server whose log can never be opened', () => {
  const broken = () => farLog(() => Promise.reject(new TypeError('The folder ./data holds a newer format.')))

  it('refuses to listen at once, and asks no second time', async () => {
    const { far, server } = starting(broken())
    await expect(server.listen({ port: 0 })).rejects.toThrow('The folder ./data holds a newer format.')
    expect(far.asked).toBe(1)
  })

  it('tells whoever attached it once, and the asker only that', async () => {
    const { reported, url } = await attached(starting(broken()))
    for (let i = 0; i < 2; i++) {
      const answer = await fetch(`${url}/news?limit=1`)
      expect([answer.status, await answer.text()]).toEqual([503, expect.not.stringContaining('./data')])
    }
    expect(reported).toHaveLength(1)
  })
})
