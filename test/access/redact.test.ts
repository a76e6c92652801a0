import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redact, redactHeaders } from '../../src/access/redact.ts'
import { tickets } from '../../src/access/tickets.ts'
import { part } from './signing.ts'

const canary = 'Canary0123456789'
const ticket = tickets({ keys: [randomBytes(32)] }).issue({ who: { id: 'ada' }, channels: ['orders'] })
const token = `${part({ alg: 'HS256' })}.${part({ sub: 'ada' })}.c2lnbmF0dXJl`

describe('a log', () => {
  it.each([
    [
      `GET /live/orders?ticket=${canary}&after=k3f9.42 HTTP/1.1`,
      'GET /live/orders?ticket=[redacted]&after=k3f9.42 HTTP/1.1',
    ],
    [`/live?channel=a&token=${canary}#x`, '/live?channel=a&token=[redacted]#x'],
    [`/live?access_token=${canary}`, '/live?access_token=[redacted]'],
    [`/live?TICKET=${canary}`, '/live?TICKET=[redacted]'],
    [`/live?%74icket=${canary}`, '/live?%74icket=[redacted]'],
    [`/live?ticke%74=${canary}`, '/live?ticke%74=[redacted]'],
    [`/live?ticket=${canary}%2F;x,y`, '/live?ticket=[redacted]'],
    [`referer: https://a.example/?ticket=${canary}`, 'referer: https://a.example/?ticket=[redacted]'],
    [`redis://user:${canary}@db:6379/0`, 'redis://[redacted]@db:6379/0'],
    [`redis://:${canary}@x@db:6379/0`, 'redis://[redacted]@db:6379/0'],
    [`nats://${canary}@hub, nats://${canary}@hub2`, 'nats://[redacted]@hub, nats://[redacted]@hub2'],
    [`Authorization: Bearer ${canary}\nhost: a`, 'Authorization: [redacted]\nhost: a'],
    [`cookie: a=${canary}; b=${canary}\r\nhost: a`, 'cookie: [redacted]\r\nhost: a'],
    [`Set-Cookie: id=${canary}; HttpOnly`, 'Set-Cookie: [redacted]'],
    [`{"op":"auth","ref":1,"token":"${canary}"}`, '{"op":"auth","ref":1,"token":"[redacted]"}'],
    [`{"token": "a\\"${canary}","x":1}`, '{"token": "[redacted]","x":1}'],
    [`{"token":"${canary}`, '{"token":"[redacted]"'],
    [`{"set-cookie":["a=${canary}","b"],"x":1}`, '{"set-cookie":"[redacted]","x":1}'],
    [`{"headers":["x"],"all":[{"token":"${canary}"}]}`, '{"headers":["x"],"all":[{"token":"[redacted]"}]}'],
    [`{"m":"{\\"token\\":\\"${canary}\\"}"}`, '{"m":"{\\"token\\":\\"[redacted]\\"}"}'],
    [`sent bearer ${canary}`, 'sent bearer [redacted]'],
    [`token ${token} is old`, 'token [redacted] is old'],
    [`next=%2Flive%3Fticket%3D${ticket}`, 'next=%2Flive%3Fticket%3D[redacted]'],
    [`${ticket}`, '[redacted]'],
  ])('of %j says %j', (text, shown) => {
    expect(redact(text)).toBe(shown)
  })

  it.each([
    'GET /live/orders?after=k3f9.42&channel=chat/7 HTTP/1.1',
    'https://app.example/tickets?page=2',
    'subscription of user@example.org failed: 404',
    '{"op":"subscribe","ref":1,"channel":"orders","key":"k-1"}',
    'the token has expired: get a new one',
    'left1.2 and eyJ is no token',
    '',
  ])('keeps %j', (text) => {
    expect(redact(text)).toBe(text)
  })

  it('of headers keeps what is no secret', () => {
    const headers = {
      host: 'a.example',
      Authorization: `Bearer ${canary}`,
      cookie: `a=${canary}`,
      referer: `https://a.example/?ticket=${canary}`,
      'x-api-key': canary,
      'last-event-id': 'k3f9.42',
      accept: undefined,
    }
    const shown = redactHeaders(headers)
    expect(JSON.stringify(shown)).not.toContain(canary)
    expect(shown).toMatchObject({ host: 'a.example', 'last-event-id': 'k3f9.42', cookie: '[redacted]' })
    for (const text of [
      JSON.stringify(headers),
      inspect(headers),
      JSON.stringify({ m: JSON.stringify(headers) }),
    ])
      expect(redact(text)).not.toContain(canary)
  })

  it('never shows a ticket or a token, whatever stands around it', () => {
    const around = fc.string({ unit: fc.constantFrom(...'abc019 &?=.-_/:;,"\'{}[]\\%\n') })
    fc.assert(
      fc.property(around, around, fc.constantFrom(ticket, token), (before, after, secret) => {
        const shown = redact(before + secret + after)
        const [, said, mac] = secret.split('.')
        expect(shown.includes(said!) || shown.includes(mac!)).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  it('costs no more for the worst of texts than their length', () => {
    const pieces = [
      'eyJ',
      'ft1.',
      'a://',
      '"token":"',
      '"token":[',
      'a=',
      '%74=',
      'cookie:',
      'bearer  ',
      '\\"',
      "'",
      'x'.repeat(95),
      'a://b@',
    ]
    const work = (repeat: number) => {
      const before = process.cpuUsage()
      for (const piece of pieces) redact(piece.repeat(repeat / piece.length))
      const { user } = process.cpuUsage(before)
      return user
    }
    work(20_000)
    // Sixteen times the text: work that grew with its square would be 256 times as much.
    const [small, large] = [work(20_000), work(320_000)]
    expect(large / Math.max(small, 1_000)).toBeLessThan(100)
  })
})
