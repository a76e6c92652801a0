import { describe, expect, it } from 'vitest'
import { Limits, type LimitsSettings, noLimits, partyOf } from '../../src/hub/limits.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

function make(settings: Partial<LimitsSettings>, memoryUsed?: () => number) {
  const clock = simulatedClock({ seed: 1 })
  return { clock, limits: new Limits({ ...noLimits, ...settings }, clock, memoryUsed) }
}

/** The code of what is thrown, or `ok`. */
function code(work: () => void): string {
  try {
    work()
    return 'ok'
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('rates', () => {
  const cases = [
    ['connection', { messagesPerSecond: 2 }, 1, 10],
    ['identity', { messagesPerSecond: 4 }, 1, 20],
    ['address', { messagesPerSecond: 6 }, 1, 30],
    ['connection', { bytesPerSecond: 100 }, 50, 10],
    ['identity', { bytesPerSecond: 100 }, 50, 10],
    ['address', { bytesPerSecond: 100 }, 50, 10],
  ] as const

  it.each(cases)(
    'of one %s with %o let so much through at once, and then so much a second',
    (scope, bounds, bytes, burst) => {
      const { clock, limits } = make({ [scope]: { ...noLimits[scope], ...bounds } })
      const share = limits.share('192.0.2.1', 'ada')
      for (let i = 0; i < burst; i++) expect(code(() => share.say(bytes))).toBe('ok')
      expect(code(() => share.say(bytes))).toBe('rate_limited')
      const other =
        scope === 'connection' ? limits.share('192.0.2.1', 'ada') : limits.share('192.0.2.2', 'bob')
      expect(code(() => other.say(bytes))).toBe('ok')
      clock.advance(1_000)
      let more = 0
      while (code(() => share.say(bytes)) === 'ok') more++
      expect(more).toBe(burst / 5)
    },
  )

  it('let one message through that is larger than the whole burst, and have it paid for', () => {
    const { clock, limits } = make({ connection: { ...noLimits.connection, bytesPerSecond: 100 } })
    const share = limits.share(undefined, undefined)
    share.say(1_000)
    expect(code(() => share.say())).toBe('rate_limited')
    clock.advance(4_900)
    expect(code(() => share.say())).toBe('rate_limited')
    clock.advance(200)
    expect(code(() => share.say())).toBe('ok')
  })
})

describe('what is open', () => {
  const kinds = ['connections', 'subscriptions', 'inFlight'] as const

  it.each(kinds)('%s are counted for each party, refused without being taken, and given back', (kind) => {
    const { limits } = make({
      identity: { ...noLimits.identity, [kind]: 2 },
      address: { ...noLimits.address, [kind]: 3 },
    })
    const shares = [1, 2].map(() => limits.share('192.0.2.1', 'ada'))
    for (const share of shares) share.take(kind, 1)
    const third = limits.share('192.0.2.1', 'ada')
    expect(code(() => third.take(kind, 1))).toBe('rate_limited')
    const bob = limits.share('192.0.2.1', 'bob')
    bob.take(kind, 1)
    expect(code(() => limits.share('192.0.2.1', 'cat').take(kind, 1))).toBe('rate_limited')
    expect(code(() => limits.share('192.0.2.2', 'cat').take(kind, 1))).toBe('ok')
    shares[0]!.close()
    shares[0]!.close()
    expect(code(() => third.take(kind, 1))).toBe('ok')
    expect(limits.addresses.of('192.0.2.1')[kind]).toBe(3)
  })

  it('moves to the identity that a stranger turns out to be', () => {
    const { limits } = make({})
    const share = limits.share('192.0.2.1', undefined)
    share.connect()
    share.identified('ada')
    expect(limits.identities.of('ada').connections).toBe(1)
    share.close()
    expect(limits.identities.of('ada').idle).toBe(true)
    expect(limits.connections).toBe(0)
  })

  it('forgets nobody who has something open, and keeps a bounded number of others', () => {
    const { limits } = make({})
    const first = limits.share('10.0.0.1', undefined)
    first.connect()
    for (let i = 0; i < 12_000; i++) limits.share(`client-${i}`, undefined).say()
    expect(limits.addresses.size).toBeLessThanOrEqual(10_000)
    expect(limits.addresses.find('10.0.0.1')?.connections).toBe(1)
  })
})

describe('an address that is refused too often', () => {
  const refusals = { count: 3, windowMs: 10_000 }
  const refuse = (limits: Limits, address: string, times: number, code = 'bad_request') => {
    for (let i = 0; i < times; i++) limits.refusals.count(address, code as 'bad_request')
  }

  it('is turned away for a window, and nobody else', () => {
    const { clock, limits } = make({ refusals })
    refuse(limits, '192.0.2.1', 2)
    expect(code(() => limits.assertAddress('192.0.2.1'))).toBe('ok')
    clock.advance(5_000)
    refuse(limits, '192.0.2.1', 1)
    expect(code(() => limits.assertAddress('192.0.2.1'))).toBe('rate_limited')
    expect(code(() => limits.assertAddress('192.0.2.2'))).toBe('ok')
    clock.advance(9_900)
    refuse(limits, '192.0.2.1', 5)
    expect(code(() => limits.assertAddress('192.0.2.1'))).toBe('rate_limited')
    clock.advance(200)
    expect(code(() => limits.assertAddress('192.0.2.1'))).toBe('ok')
    expect(limits.refusals.size).toBe(0)
  })

  it.each(['conflict', 'idempotency_mismatch', 'token_expired', 'rate_limited', 'unavailable', 'internal'])(
    'is not so for %s',
    (honest) => {
      const { limits } = make({ refusals })
      refuse(limits, '192.0.2.1', 100, honest)
      expect(code(() => limits.assertAddress('192.0.2.1'))).toBe('ok')
    },
  )

  it('is one of a bounded number', () => {
    const { limits } = make({ refusals })
    for (let i = 0; i < 12_000; i++) refuse(limits, `client-${i}`, 1)
    expect(limits.refusals.size).toBe(10_000)
  })
})

describe('overload', () => {
  it('refuses new connections above the total, and takes them again below', () => {
    const { limits } = make({ connections: 2 })
    const shares = [1, 2, 3].map(() => limits.share(undefined, undefined))
    for (const share of shares.slice(0, 2)) share.connect()
    expect(code(() => shares[2]!.connect())).toBe('busy')
    expect([limits.overloaded, limits.noRoom('192.0.2.1')?.code]).toEqual([true, 'busy'])
    shares[0]!.close()
    expect(code(() => shares[2]!.connect())).toBe('ok')
  })

  it('refuses new connections while memory is short, looked at twice a second, and recovers by itself', () => {
    let used = 0.5
    let looks = 0
    const { clock, limits } = make({ memory: 0.9 }, () => {
      looks++
      return used
    })
    const seen: boolean[] = []
    for (used of [0.5, 0.91, 0.88, 0.84]) {
      for (let i = 0; i < 100; i++) {
        const overloaded = limits.overloaded
        seen[looks] = overloaded
      }
      clock.advance(500)
    }
    expect(looks).toBe(4)
    expect(seen.slice(1)).toEqual([false, true, true, false])
  })
})

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s belongs to %s', (address, party) => {
  expect(partyOf(address)).toBe(party)
})
