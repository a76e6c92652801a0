import { createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeclaredRules } from '../../src/access/declared-rules.ts'
import { type TicketsOptions, tickets } from '../../src/access/tickets.ts'
import { identityOf, parseClaims, permits } from '../../src/access/token-claims.ts'
import { DeclaredChannels } from '../../src/hub/declared.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { part, startMs } from './signing.ts'

const key = randomBytes(32)
const other = randomBytes(32)

function office(options: Partial<TicketsOptions> = {}) {
  const clock = simulatedClock({ start: startMs })
  return { clock, tickets: tickets({ keys: [key], clock, ...options }) }
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    const { code, message, name } = error as { code?: string; message: string; name: string }
    return `${code ?? name}: ${message}`
  }
  return 'accepted'
}

const invalid = 'invalid_token: The ticket is not valid.'
const expired = 'token_expired: The ticket has expired: get a new one.'

describe('a ticket', () => {
  it('says who reads what, and until when', () => {
    const { tickets } = office()
    const who = { id: 'ada', shop: 'north', roles: ['desk'] }
    const ticket = tickets.issue({ who, channels: ['orders', 'chat/*'] })
    expect(ticket).toMatch(/^ft1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/)
    expect(ticket.length).toBeLessThan(250)
    expect(new URLSearchParams({ ticket }).toString()).toBe(`ticket=${ticket}`)
    const read = tickets.verify(ticket)
    expect(read).toMatchObject({ channels: ['orders', 'chat/*'], exp: startMs + 600_000 })
    expect(read.who).toEqual({ ...who, expiresAt: startMs + 600_000 })
    expect(['orders', 'chat/7', 'stock', 'chat/7/8', 'order'].map((one) => read.covers(one))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })

  it('is good again and again until it ends', () => {
    const { clock, tickets } = office()
    const ticket = tickets.issue({ who: null, channels: ['orders'] })
    for (let i = 0; i < 10; i++) {
      expect(tickets.verify(ticket).who).toBeNull()
      clock.advance(59_999)
    }
    clock.advance(9)
    expect(refusal(() => tickets.verify(ticket))).toBe('accepted')
    clock.advance(1)
    expect(refusal(() => tickets.verify(ticket))).toBe(expired)
  })

  it('ends no later than its time, what was asked, and the holder’s credentials', () => {
    const { tickets } = office({ ttlMs: 60_000 })
    const end = (exp?: number, expiresAt?: number) =>
      tickets.verify(tickets.issue({ who: { id: 'ada', expiresAt }, channels: ['a'], exp })).exp - startMs
    expect(end()).toBe(60_000)
    expect(end(startMs + 5_000.7)).toBe(5_000)
    expect(end(startMs + 500_000)).toBe(60_000)
    expect(end(undefined, startMs + 1_000)).toBe(1_000)
    expect(end(startMs + 5_000, startMs + 90_000)).toBe(5_000)
  })

  it('is known by old keys during a rotation, and signed by the first', () => {
    const before = office().tickets.issue({ who: null, channels: ['a'] })
    const during = office({ keys: [other, key] }).tickets
    const after = office({ keys: [other] }).tickets
    expect(refusal(() => during.verify(before))).toBe('accepted')
    expect(refusal(() => after.verify(before))).toBe(invalid)
    expect(refusal(() => after.verify(during.issue({ who: null, channels: ['a'] })))).toBe('accepted')
  })

  it('is none when anything of it is another', () => {
    const { tickets } = office()
    const good = tickets.issue({ who: { id: 'ada' }, channels: ['orders'] })
    const [prefix, said, mac] = good.split('.') as [string, string, string]
    const more = part({ e: 8e15, c: ['*'], w: { id: 'eve' }, g: [0] })
    const hmac = (secret: string | Buffer) =>
      createHmac('sha256', secret).update(`${prefix}.${more}`).digest('base64url')
    for (const ticket of [
      '',
      'ft1',
      'ft1..',
      `${prefix}.${said}`,
      `${prefix}.${said}.`,
      `ft2.${said}.${mac}`,
      `FT1.${said}.${mac}`,
      `${prefix}.${more}.${mac}`,
      `${prefix}.${more}.${hmac('')}`,
      // The secret itself signs nothing: a key is derived from it.
      `${prefix}.${more}.${hmac(key)}`,
      `${good}=`,
      ` ${good}`,
      `${good}\n`,
      `${prefix}.${mac}.${said}`,
      `${part({ alg: 'none' })}.${more}.`,
      'x'.repeat(10_000_000),
      undefined as unknown as string,
      { length: 5 } as unknown as string,
    ])
      expect(refusal(() => tickets.verify(ticket))).toBe(invalid)
  })

  it('is refused with any one letter changed, and whatever else a text is', () => {
    const { tickets } = office()
    const good = tickets.issue({ who: { id: 'ada' }, channels: ['orders'] })
    const letters = 'ABCabc019_-.='
    for (let at = 0; at < good.length; at++) {
      for (const letter of letters) {
        const changed = good.slice(0, at) + letter + good.slice(at + 1)
        if (changed !== good) expect(refusal(() => tickets.verify(changed))).toBe(invalid)
      }
    }
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({ unit: fc.constantFrom(...letters) }).map((t) => `ft1.${t}`),
        ),
        (text) => {
          expect(refusal(() => tickets.verify(text))).toBe(invalid)
        },
      ),
    )
  })

  it('carries any identity of JSON and any channels, unchanged', () => {
    const { tickets } = office()
    const segment = fc.stringMatching(/^[A-Za-z0-9~-]{1,8}$/)
    const channels = fc.array(
      fc
        .array(fc.oneof(segment, fc.constant('*')), { minLength: 1, maxLength: 3 })
        .map((parts) => parts.join('/')),
      { minLength: 1, maxLength: 10 },
    )
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
        channels,
        (fields, channels) => {
          const { admin, grants, expiresAt, ...rest } = fields
          const text = JSON.stringify(rest)
          fc.pre(Buffer.byteLength(text) <= 512)
          const read = tickets.verify(tickets.issue({ who: { ...rest, grants, admin: false }, channels }))
          const { expiresAt: _, ...who } = read.who!
          expect(JSON.stringify(who)).toBe(JSON.stringify(JSON.parse(text)))
          expect(read.channels).toEqual(channels)
          expect(channels.every((one) => read.covers(one))).toBe(true)
        },
      ),
    )
  })

  it('is not made of what does not fit', () => {
    const { tickets } = office()
    const issue = (channels: unknown, who: Record<string, unknown> = { id: 'ada' }, exp?: number) =>
      refusal(() => tickets.issue({ who, channels: channels as string[], exp }))
    for (const channels of [[], ['_status'], ['a/'], ['a/**'], [''], [7], ['a', 'b c']])
      expect(issue(channels)).toMatch(/^invalid_channel/)
    expect(issue(Array.from({ length: 101 }, (_, i) => `c${i}`))).toMatch(/^too_many_channels/)
    expect(issue(Array.from({ length: 90 }, (_, i) => `channel/of/some/length/${i}`))).toMatch(
      /^too_many_channels/,
    )
    expect(issue(['a'], { id: 'a', notes: 'x'.repeat(600) })).toMatch(/^TypeError: .*512 bytes/)
    expect(issue(['a'], { id: 'a' }, Number.NaN)).toMatch(/^TypeError/)
    expect(issue(['a'], { id: 'x'.repeat(400) })).toBe('accepted')
  })

  it('is not signed with a weak key', () => {
    for (const [keys, fault] of [
      [[], /1 to 8/],
      ['key', /1 to 8/],
      [['secret'], /keys\[0\].*bits/],
      [[key, 'your-256-bit-secret-your-256-bit-secret!'], /keys\[1\].*everyone knows/],
      [[new Uint8Array(32)], /pattern/],
      [Array.from({ length: 9 }, () => key), /1 to 8/],
    ] as const)
      expect(() => tickets({ keys: keys as unknown as string[] })).toThrow(fault)
    expect(() => tickets({ keys: [key], ttlMs: 10 })).toThrow(/ttlMs/)
  })
})

describe('what a ticket lets', () => {
  const holder = (payload: Record<string, unknown>) =>
    identityOf(parseClaims({ exp: startMs, sub: 'ada', ...payload }))
  const { tickets } = office()
  const through = (who: ReturnType<typeof holder>, channels: string[]) =>
    tickets.verify(tickets.issue({ who, channels }))

  it('is what the holder’s token granted, on its channels alone', () => {
    const { who, covers } = through(holder({ subscribe: ['chat/*'], send: ['chat/*'] }), ['chat/7'])
    expect(permits(who, 'read', 'chat/7')).toBe(true)
    expect(permits(who, 'read', 'chat/8')).toBe(false)
    expect(permits(who, 'send', 'chat/7')).toBe(false)
    expect([covers('chat/7'), covers('chat/8')]).toEqual([true, false])
  })

  it('is never more because the holder is an admin', () => {
    const { who } = through(holder({ admin: true }), ['orders'])
    expect(who?.admin).toBeUndefined()
    expect(permits(who, 'read', 'orders')).toBe(true)
    expect(permits(who, 'read', 'stock')).toBe(false)
    expect(permits(who, 'send', 'orders')).toBe(false)
  })

  it('is nothing of itself where a rule has to decide', () => {
    const rules = new DeclaredRules(
      new DeclaredChannels({
        'desk/*': { read: (who) => (who?.claims as { desk?: boolean } | undefined)?.desk === true },
      }),
    )
    const clerk = through(holder({ desk: true }), ['desk/1']).who
    const guest = through(holder({}), ['desk/1']).who
    expect(rules.allows(clerk, 'read', 'desk/1')).toBe(true)
    expect(rules.allows(guest, 'read', 'desk/1')).toBe(false)
    const some = through(holder({ subscribe: ['a'] }), ['a', 'b']).who
    expect([permits(some, 'read', 'a'), permits(some, 'read', 'b')]).toEqual([true, false])
  })
})
