import { Grants } from '../../src/access/grants.ts'
import { isChannelName, isChannelPattern, matchPattern } from '../../src/protocol/index.ts'
import { upgradeLines } from '../../src/testing/server-cases/bad-request.ts'
import { openHttp } from '../../src/testing/wire/http.ts'
import { within } from '../../src/testing/wire/inbox.ts'
import { createBlockSplitter } from '../../src/testing/wire/sse.ts'
import { type Attack, askBytes, askLines, attackCase } from './attack-case.ts'
import { whileFlat } from './attack-floods.ts'
import { inTurns } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'
import { tokenOf } from './signed-tokens.ts'

/** What costs memory or time by its kind: compression, readers that do not read, headers, another protocol, patterns. */

const mib = 1024 * 1024

/** Nothing is compressed, whatever is offered: there is no deflate state to fill or to keep. */
async function compression(stage: Stage): Promise<string> {
  const offer = [
    'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15; client_max_window_bits',
  ]
  const encodings = ['Accept-Encoding: gzip, deflate, br, zstd']
  const starts: readonly (readonly [string, readonly string[]])[] = [
    ['GET /live/news', [...upgradeLines, ...offer]],
    ['GET /live/news', encodings],
    ['GET /live/news?limit=10', encodings],
    ['GET /live/_client.js', encodings],
    ['GET /live/news', [...encodings, 'Accept: text/html']],
  ]
  return whileFlat(stage, 8 * mib, async () => {
    const seen = await inTurns(
      Array.from({ length: stage.times }, (_, i) => i),
      100,
      async (i) => {
        const [start, lines] = starts[i % starts.length]!
        const answer = await askLines(stage, 'dev', start, lines)
        const { headers } = answer ?? { headers: new Map() }
        const packed = headers.has('content-encoding') || headers.has('sec-websocket-extensions')
        return answer === undefined || packed ? `compressed ${start}` : 'plain'
      },
    )
    return [...new Set(seen)].join('; ')
  })
}

/** A reader that has stopped, until it is let go on. */
async function stalledReader(url: string) {
  const seen = { last: 0, inOrder: true, reset: false, ended: false }
  const response = await openHttp(new URL(url))
  response.setEncoding('utf8')
  const split = createBlockSplitter(({ event, data }) => {
    if (event === '$reset') seen.reset = true
    if (event !== 'n') return
    const [n] = JSON.parse(data ?? '[]') as [number]
    seen.inOrder &&= seen.reset || n === seen.last + 1
    seen.last = n
  })
  response.on('error', () => {})
  response.on('close', () => {
    seen.ended = true
  })
  response.pause()
  return {
    seen,
    resume: () => void response.on('data', split).resume(),
    close: () => void response.destroy(),
  }
}

/**
 * Readers that stop while far more comes than sockets take, on a channel that keeps three events. The bound is the one of
 * the contract's figures: 64 KiB for each, and 64 MiB for whatever is on its way to all of them.
 */
async function slowReaders(stage: Stage): Promise<string> {
  const url = `http://127.0.0.1:${stage.ports.dev}/live/kept-short/slow`
  const events = 60
  const pad = 'x'.repeat(200 * 1024)
  const readers = await Promise.all(Array.from({ length: 10 }, () => stalledReader(url)))
  try {
    const seen = await whileFlat(stage, 8 * mib, async () => {
      const before = await stage.victim.measure()
      for (let n = 1; n <= events; n++) {
        await fetch(`${url}?event=n`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: `[${n},"${pad}"]`,
        })
      }
      const held = (await stage.victim.measure()).heapBytes - before.heapBytes
      return held < 64 * mib ? 'held little' : `held ${held}`
    })
    for (const { resume } of readers) resume()
    const done = (): boolean => readers.every(({ seen }) => seen.last === events || seen.reset || seen.ended)
    await within(
      'the last event',
      (async () => {
        while (!done()) await new Promise((resolve) => setTimeout(resolve, 20))
      })(),
    )
    // What did not fit was trimmed meanwhile: nobody skips it without being told.
    return `${seen}, ${readers.every(({ seen }) => seen.inOrder) ? 'all told what they missed' : 'some not told'}`
  } finally {
    for (const { close } of readers) close()
  }
}

/** Heads up to the limits, and over them. */
async function manyHeaders(stage: Stage): Promise<string> {
  const fields = (n: number, size = 1) => Array.from({ length: n }, (_, i) => `x-${i}: ${'y'.repeat(size)}`)
  const heads: Readonly<Record<string, readonly string[]>> = {
    'a hundred': fields(99),
    'a hundred and one': fields(100),
    'two thousand': fields(2000),
    'nearly 16 KiB': fields(15, 1000),
    'over 16 KiB': fields(17, 1000),
    'a name of 1 MiB': [`${'x'.repeat(mib)}: y`],
    'a value of 1 MiB': [`x: ${'y'.repeat(mib)}`],
    'one name again and again': Array.from({ length: 2000 }, () => 'x: y'),
    'cookies again and again': Array.from({ length: 2000 }, () => 'Cookie: a=b'),
  }
  return whileFlat(stage, 8 * mib, async () => {
    const seen = await inTurns(
      Object.entries(heads).flatMap((one) => Array.from({ length: Math.ceil(stage.times / 10) }, () => one)),
      50,
      async ([name, lines]) =>
        `${name} ${(await askLines(stage, 'dev', 'GET /live/good?limit=1', lines))?.status}`,
    )
    return [...new Set(seen)].sort().join(', ')
  })
}

/** The beginnings of HTTP/2, over and over: this server does not speak it, and says so at once. */
async function otherProtocol(stage: Stage): Promise<string> {
  const { dev: port } = stage.ports
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const settings = '\0\0\0\x04\0\0\0\0\0'
  const resets = '\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08'.repeat(1000)
  const upgrade = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__']
  return whileFlat(stage, 8 * mib, async () => {
    const raw = await inTurns(Array.from({ length: stage.times }), 50, async () => {
      const answer = await askBytes(port, preface + settings + resets)
      return `${answer?.status} ${answer?.closed ? 'closed' : 'open'}`
    })
    const asked = await askLines(stage, 'dev', 'GET /live/good', upgrade)
    return `${[...new Set(raw)].join('; ')}, h2c ${asked?.status}`
  })
}

/** More of a processor than any linear work takes on any machine, in milliseconds; other processes do not count. */
const momentMs = 10_000

/** Names and patterns made to be slow: matched here as often as no server has to, and over the wire. */
async function slowPatterns(stage: Stage): Promise<string> {
  const began = process.cpuUsage()
  const deep = (piece: string): string => Array.from({ length: 127 }, () => piece).join('/')
  const names = [deep('a'), `${deep('a')}b`, 'a'.repeat(255), `${deep('*')}`]
  const grants = new Grants({ subscribe: Array.from({ length: 10_000 }, (_, i) => `${deep('*')}/x${i}`) })
  for (const name of names) {
    if (grants.permits('read', name)) return 'granted'
    matchPattern(deep('*'), name)
  }
  for (const piece of ['a', '/', '*', '*/', 'a/', '.', './', '_', '-', '\u212a']) {
    const text = piece.repeat(64 * 1024)
    isChannelName(text)
    isChannelPattern(text)
    matchPattern(text, `${text}x`)
  }
  const { user, system } = process.cpuUsage(began)
  const here = (user + system) / 1000 < momentMs ? 'linear' : 'slow'
  const token = tokenOf({ subscribe: Array.from({ length: 200 }, () => '*/*/*/*/*/*/*/*/x') })
  const statuses = await inTurns(Array.from({ length: stage.times }), 50, async () => {
    const start = `GET /live/${deep('a').slice(0, 255)}?limit=1`
    return (await askLines(stage, 'signed', start, [`Authorization: Bearer ${token}`]))?.status
  })
  return `${here}, ${[...new Set(statuses)].join(' ')}`
}

/** Each as a case. */
export const trafficAttacks: readonly AbuseCase[] = (
  [
    { row: '10', name: 'compression-offers', alone: true, expected: 'plain, memory flat', run: compression },
    {
      row: '12',
      alone: true,
      name: 'readers-that-stop',
      expected: 'held little, memory flat, all told what they missed',
      run: slowReaders,
    },
    {
      row: '15',
      alone: true,
      name: 'many-headers',
      expected:
        'a hundred 200, a hundred and one 431, a name of 1 MiB 431, a value of 1 MiB 431, cookies again and again 431, nearly 16 KiB 200, one name again and again 431, over 16 KiB 431, two thousand 431, memory flat',
      run: manyHeaders,
    },
    {
      row: '23',
      name: 'http2',
      alone: true,
      expected: '400 closed, h2c 426, memory flat',
      run: otherProtocol,
    },
    { row: '26', name: 'slow-patterns', expected: 'linear, 403', run: slowPatterns },
  ] satisfies Attack[]
).map(attackCase)
