import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DeclaredRules } from '../../src/access/declared-rules.ts'
import { Grants, grantsOf, parseGrants } from '../../src/access/grants.ts'
import { identityOf, parseClaims, permits } from '../../src/access/token-claims.ts'
import { DeclaredChannels } from '../../src/hub/declared.ts'

const exp = 1_700_003_600

function holder(payload: Record<string, unknown>) {
  return identityOf(parseClaims({ exp, ...payload }))
}

describe('the lists of a token', () => {
  const cases: readonly [list: string[], sub: string | undefined, covered: string[], others: string[]][] = [
    [['orders'], 'ada', ['orders'], ['Orders', 'orders/1', 'order', 'ordersx', '']],
    [['chat/*'], 'ada', ['chat/7', 'chat/*'], ['chat', 'chat/7/8', 'chatter/7']],
    [['*/*'], 'ada', ['a/b'], ['a', 'a/b/c']],
    [['user/{sub}'], 'ada', ['user/ada'], ['user/bob', 'user/{sub}', 'user/*', 'user', 'user/ada/x']],
    [['user/{sub}/*'], 'ada', ['user/ada/x'], ['user/bob/x']],
    [['user/{sub}'], undefined, [], ['user/undefined', 'user/', 'user/{sub}']],
    [['user/{sub}'], '*', [], ['user/ada', 'user/*']],
    [['user/{sub}'], 'ada/inbox', [], ['user/ada/inbox', 'user/ada']],
    [['user/{sub}'], '..', [], ['user/..', 'user']],
    [['user/{sub}'], '_status', [], ['user/_status']],
    [['user/{sub}'], '{sub}', [], ['user/{sub}']],
    [['user/{sub}', 'news'], 'a b', ['news'], ['user/a b']],
    [[], 'ada', [], ['orders']],
  ]

  it.each(cases)('%j of %j', (subscribe, sub, covered, others) => {
    const grants = new Grants(parseGrants({ subscribe }, sub))
    for (const channel of covered) expect([channel, grants.permits('read', channel)]).toEqual([channel, true])
    for (const channel of others) expect([channel, grants.permits('read', channel)]).toEqual([channel, false])
    for (const channel of covered) expect(grants.permits('send', channel)).toBe(false)
  })

  const wrong: readonly unknown[] = [
    'orders',
    null,
    {},
    { 0: 'orders', length: 1 },
    [1],
    [null],
    [['chat/*']],
    [''],
    ['/'],
    ['chat/'],
    ['chat/**'],
    ['chat/x*'],
    ['_status'],
    ['chat/_own'],
    ['..'],
    ['chat/../x'],
    ['user/x{sub}'],
    ['user/{SUB}'],
    ['chat/7\n'],
    ['chat/%2e'],
    ['good', 'bad/'],
    ['a'.repeat(256)],
  ]

  it.each(wrong.map((list) => ({ list })))('that is $list is refused whole', ({ list }) => {
    expect(() => parseGrants({ subscribe: list }, 'ada')).toThrow(/The claim subscribe/)
    expect(() => parseGrants({ send: list }, 'ada')).toThrow(/The claim send/)
    expect(() => parseGrants({ presence: list }, 'ada')).toThrow(/The claim presence/)
  })

  it('covers nothing with a sub of anyone’s choice but that one segment', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '.', '_', '{', '}') }), (sub) => {
        const grants = new Grants(parseGrants({ subscribe: ['user/{sub}'] }, sub))
        for (const channel of ['user/a', 'user/b', 'user/a/b', 'user/*', 'user', 'a', `user/${sub}x`])
          expect(grants.permits('read', channel)).toBe(
            channel === `user/${sub}` && /^[ab]/.test(sub) && !sub.includes('/'),
          )
      }),
    )
  })

  it('grants nothing to two lists that join to the same text', () => {
    const split = new Grants({ subscribe: ['a', 'b'] })
    const joined = new Grants({ subscribe: ['a/b'] })
    expect(['a', 'b', 'a/b'].map((one) => split.permits('read', one))).toEqual([true, true, false])
    expect(['a', 'b', 'a/b'].map((one) => joined.permits('read', one))).toEqual([false, false, true])
  })
})

describe('grants and rules', () => {
  const rules = new DeclaredRules(
    new DeclaredChannels({
      news: { read: 'public' },
      club: { read: 'signed-in' },
      plain: {},
      'desk/*': { read: (who) => (who?.claims as { role?: string } | undefined)?.role === 'desk' },
      board: { read: 'nobody', onSend: () => undefined },
    }),
  )
  const everything = ['*', '*/*']

  it('are enough each, on channels that are declared', () => {
    const bare = holder({ sub: 'ada' })
    const clerk = holder({ sub: 'bob', role: 'desk' })
    const granted = holder({ sub: 'eve', subscribe: everything })
    const reads = (channel: string) =>
      [null, bare, clerk, granted].map((who) => rules.allows(who, 'read', channel))
    expect(reads('news')).toEqual([true, true, true, true])
    expect(reads('club')).toEqual([false, true, true, true])
    expect(reads('plain')).toEqual([false, false, false, true])
    expect(reads('desk/1')).toEqual([false, false, true, true])
    expect(reads('board')).toEqual([false, false, false, true])
    expect(reads('unknown')).toEqual([false, false, false, false])
    expect(rules.allows(granted, 'send', 'plain')).toBe(false)
    expect(rules.allows(granted, 'presence', 'plain')).toBe(false)
    expect(rules.allows(holder({ send: everything }), 'send', 'plain')).toBe(true)
    expect(rules.allows(holder({ presence: everything }), 'presence', 'plain')).toBe(true)
  })

  it('are not to be had by a field that looks like them', () => {
    const forged = { id: 'eve', grants: { permits: () => true }, claims: { grants: { permits: () => true } } }
    expect(grantsOf(forged)).toBeUndefined()
    expect(rules.allows(forged, 'read', 'plain')).toBe(false)
    expect(grantsOf(holder({ grants: { permits: true }, subscribe: ['a'] }))).toBeInstanceOf(Grants)
    expect(permits(holder({ admin: true }), 'send', 'anything')).toBe(true)
    expect(permits(null, 'read', 'plain')).toBe(false)
  })
})

describe('claims', () => {
  it('keep what rules need apart from what the server reads', () => {
    const payload = JSON.parse(
      `{"exp":${exp},"sub":"ada","iss":"i","role":"desk","id":"root","expiresAt":0,"__proto__":{"admin":true}}`,
    )
    const who = identityOf(parseClaims(payload))
    expect(who).toMatchObject({ id: 'ada', admin: false, expiresAt: exp * 1000 })
    expect(who.claims).toEqual(
      JSON.parse('{"role":"desk","id":"root","expiresAt":0,"__proto__":{"admin":true}}'),
    )
    expect((who.claims as { admin?: unknown }).admin).toBeUndefined()
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  it.each([
    { admin: 'true' },
    { admin: 1 },
    { sub: 7 },
    { sub: '' },
    { sub: 'x'.repeat(256) },
    { sub: '\ud800' },
    { exp: Number.POSITIVE_INFINITY },
    { exp: -1 },
    { exp: '1' },
    { exp: undefined },
    { iat: 'yesterday' },
  ])('of the wrong kind are refused: %o', (wrong) => {
    expect(() => parseClaims({ exp, ...wrong })).toThrow(TypeError)
  })

  it('never throw anything but TypeError, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('sub', 'exp', 'iat', 'admin', 'send', '__proto__'), fc.jsonValue()),
        (payload) => {
          try {
            expect(parseClaims(payload).expiresAt).toBeGreaterThanOrEqual(0)
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError)
          }
        },
      ),
    )
  })
})
