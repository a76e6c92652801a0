import { describe, expect, it } from 'vitest'
import type { Identity } from '../../src/hub/authorise.ts'
import type { ChannelLog, FeedSink } from '../../src/hub/channel-log.ts'
import { type Logger, silentLogger } from '../../src/hub/logger.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { jsonLogger, textLogger } from '../../src/server/line-loggers.ts'
import { CarefulLogger, describeFailure, failureReporter, hiding } from '../../src/server/log-lines.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { recordedLines } from './recorded-lines.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const channels = {
  open: { read: 'public', send: 'public' },
  staff: { read: (who: Identity | null) => who?.id === 'ann' },
  broken: {
    send: 'public',
    onSend: () => {
      throw new Error('the handler broke')
    },
  },
} as const

const authenticate = ({ headers }: { headers: Readonly<Record<string, string | undefined>> }) => {
  const name = headers['x-user']
  if (name === 'liar') throw new FairleadError('invalid_token', 'Who is that?')
  return name === undefined ? null : { id: name }
}

/** A memory log, and what it tells the server by. */
function losable() {
  const kept = memoryLog()
  let sink: FeedSink | undefined
  const follow = (given: FeedSink) => {
    sink = given
    return kept.follow(given)
  }
  const log: ChannelLog = {
    durability: kept.durability,
    append: (...args) => kept.append(...args),
    read: (...args) => kept.read(...args),
    head: (...args) => kept.head(...args),
    channelHead: (...args) => kept.channelHead(...args),
    close: () => kept.close(),
    follow,
  }
  return { log, sink: () => sink! }
}

async function open(options: object = {}) {
  const record = recordedLines()
  const served = await serve({ channels, authenticate, logger: record.logger, ...options })
  return { ...served, ...record }
}

describe('the lines of a server', () => {
  it('say what holds at the start, that it is open, and its end', async () => {
    const { server, kinds, of, origin } = await open({ origins: ['https://app.example.com'] })
    expect(kinds()).toEqual(['starting', 'open', 'listening'])
    expect(of('starting')[0]).toMatchObject({ base: '/live', dev: false, channels: 3, tokens: false })
    expect(of('listening')[0]).toEqual({ event: 'listening', url: origin })
    await server.close()
    expect(kinds().slice(3)).toEqual(['draining', 'closed'])
  })

  it('name who was denied what, once for each request', async () => {
    const { url, of } = await open()
    await fetch(`${url}/staff`, { headers: { 'x-user': 'bob' } })
    expect(of('denied')).toEqual([
      {
        event: 'denied',
        code: 'forbidden',
        action: 'read',
        channel: 'staff',
        user: 'bob',
        address: '127.0.0.1',
      },
    ])
    expect(of('refused')).toEqual([])
    const socket = await openSocket(`${url}/open`, { 'x-user': 'bob' })
    socket.say({ op: 'subscribe', ref: 1, channel: 'staff' })
    socket.say({ op: 'subscribe', ref: 2, channel: 'staff' })
    await socket.message('error', ({ ref }) => ref === 2)
    expect(of('denied').length).toBe(2)
    await post(`${url}/staff`, '1')
    expect(of('denied')[2]).toMatchObject({ code: 'auth_required', action: 'send', channel: 'staff' })
  })

  it('name what was refused, with its path and without its query', async () => {
    const { url, lines, of } = await open()
    await fetch(`${url}/open?limit=1`, { headers: { 'x-user': 'liar' } })
    await fetch(`${url}/open?after=nonsense&limit=1`)
    const foreign = { origin: 'https://evil.example.com', cookie: 'a=b' }
    await fetch(`${url}/open?limit=1`, { headers: foreign })
    await expect(openSocket(`${url}/open`, foreign)).rejects.toThrow('403')
    const told = of('refused').map(({ code, method, path, transport }) => [code, method, path, transport])
    expect(told).toEqual([
      ['invalid_token', 'GET', '/live/open', 'http'],
      ['invalid_position', 'GET', '/live/open', 'http'],
      ['origin_not_allowed', 'GET', '/live/open', 'http'],
      ['origin_not_allowed', 'GET', '/live/open', 'websocket'],
    ])
    expect(lines.filter(({ level }) => level === 'warn').length).toBe(3)
    expect(JSON.stringify(lines)).not.toContain('nonsense')
  })

  it('tell orders: who was meant, and how many connections ended', async () => {
    const { server, url, of } = await open()
    const stream = await openStream(`${url}/open`, { 'x-user': 'ann' })
    await server.disconnect({ user: 'ann' }, 'busy')
    await stream.event('$bye')
    expect(of('disconnect')).toEqual([{ event: 'disconnect', user: 'ann', reason: 'busy' }])
    expect(of('order')).toEqual([{ event: 'order', user: 'ann', reason: 'busy', connections: 1 }])
    expect(of('ended')).toEqual([{ event: 'ended', reason: 'busy', user: 'ann', address: '127.0.0.1' }])
    await server.revoke('ann')
    await until(() => of('order').length === 2, 'the second order')
    expect(of('order')[1]).toMatchObject({ user: 'ann', reason: 'revoked', connections: 0 })
  })

  it('tell failures, also to `onError` with the error as it was thrown', async () => {
    const told: unknown[] = []
    const { url, of } = await open({ onError: (error: unknown) => void told.push(error) })
    expect((await post(`${url}/broken`, '1')).status).toBe(500)
    expect(of('failed')[0]).toMatchObject({ stage: 'handler' })
    expect(of('failed')[0]!.error).toContain('the handler broke')
    expect(told).toEqual([new Error('the handler broke')])
  })

  it('tell when the log is lost and found', async () => {
    const { log, sink } = losable()
    const { of } = await open({ log })
    sink().unavailable(true)
    sink().unavailable(true)
    expect(of('log_lost').length).toBe(1)
    sink().unavailable(false)
    expect(of('log_found').length).toBe(1)
    sink().epoch('anew')
    expect(of('log_began_anew').length).toBe(1)
  })
})

describe('a careful logger', () => {
  const careful = (hide = hiding([])) => {
    const record = recordedLines()
    const clock = simulatedClock({ seed: 1 })
    return { ...record, clock, log: new CarefulLogger(record.logger, hide, clock) }
  }

  it('keeps each line to one line, whatever stands in it', () => {
    const { log, lines } = careful()
    log.info({ event: 'e', channel: 'a\r\nfairlead: forged', user: '\u001b[2J\u2028\u202e' }, 'm\nn')
    expect(lines[0]).toEqual({
      level: 'info',
      fields: { event: 'e', channel: 'a\\r\\nfairlead: forged', user: '\\u001b[2J\\u2028\\u202e' },
      message: 'm\\nn',
    })
  })

  it('lets through 50 lines of a kind in 10 s, and says how many it left out', () => {
    const { log, lines, of, clock } = careful()
    for (let i = 0; i < 1_000; i++) log.info({ event: 'refused' }, 'refused')
    log.info({ event: 'other' }, 'other')
    expect(of('refused').length).toBe(50)
    expect(of('other').length).toBe(1)
    clock.advance(10_000)
    expect(lines.at(-1)!.fields).toEqual({ event: 'suppressed', of: 'refused', suppressed: 950 })
    log.info({ event: 'refused' }, 'refused')
    expect(of('refused').length).toBe(51)
  })

  it('bounds a value', () => {
    const { log, lines } = careful()
    log.info({ event: 'e', origin: 'x'.repeat(1_000_000) }, 'm')
    expect(String(lines[0]!.fields.origin).length).toBe(2_000)
  })

  it('hides what it was told to, and what looks like a credential', () => {
    const { log, lines } = careful(hiding(['p@ss/word']))
    log.error({ event: 'e', error: 'redis://u:p@ss/word@host is gone; Bearer abcdefgh' }, 'p@ss/word')
    expect(JSON.stringify(lines)).not.toMatch(/ss\/word|abcdefgh/)
  })

  it('outlives a logger that throws', () => {
    const broken: Logger = {
      ...silentLogger,
      info() {
        throw new Error('disk full')
      },
    }
    const log = new CarefulLogger(broken, hiding([]), simulatedClock({ seed: 1 }))
    expect(() => log.info({ event: 'e' }, 'm')).not.toThrow()
  })
})

describe('failures', () => {
  it('go to the logger, to `onError`, or to nobody else', () => {
    const { logger, lines } = recordedLines()
    const told: unknown[] = []
    const onError = (error: unknown) => void told.push(error)
    failureReporter({ onError, logger: undefined, hide: String })('one', 'log')
    failureReporter({ onError: undefined, logger, hide: String })('two', 'log')
    expect(told).toEqual(['one'])
    expect(lines.map(({ fields }) => fields)).toEqual([{ event: 'failed', stage: 'log', error: 'two' }])
  })

  it('are described without credentials', () => {
    expect(describeFailure(new FairleadError('internal', 'redis://u:pass@host'))).toBe(
      'redis://[redacted]@host',
    )
  })
})

describe('loggers', () => {
  const now = () => new Date('2030-01-02T03:04:05.006Z')

  it('write text for people: no value passes for two', () => {
    const written: string[] = []
    textLogger((line) => void written.push(line), now).warn({ event: 'e', user: 'a b=c', n: 1 }, 'denied')
    expect(written).toEqual(['2030-01-02T03:04:05.006Z warn  denied event=e user="a b=c" n=1'])
  })

  it('write JSON for programs', () => {
    const written: string[] = []
    jsonLogger((line) => void written.push(line), now).error({ event: 'e' }, 'm')
    expect(written).toEqual(['{"time":"2030-01-02T03:04:05.006Z","level":"error","event":"e","message":"m"}'])
  })
})
