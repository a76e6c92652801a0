import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSubscription, type Start } from '../../src/client/subscription.ts'

function reading(start: Start = {}) {
  const seen: string[] = []
  const subscription = createSubscription('orders', start, (message) => {
    seen.push(message.op === 'event' ? (message.id ?? 'unkept') : message.op)
  })
  const event = (id?: string) =>
    subscription.take({ op: 'event', channel: 'orders', event: 'tick', time: 0, ...(id && { id }) })
  return { subscription, seen, event }
}

describe('a subscription', () => {
  it('lets each event through once, however streams overlap, and in order', () => {
    // Two streams that each start somewhere at or before the position, and are cut over to at any moment.
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
        fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 8 }),
        (offsets, cuts) => {
          const log = offsets.toSorted((a, b) => a - b)
          const { subscription, seen, event } = reading({ after: 'k.0' })
          for (const [back, length] of [...cuts, [0, log.length] as const]) {
            const held = Number(subscription.position!.split('.')[1])
            const from = log.filter((offset) => offset <= held).length
            const start = Math.max(0, from - back)
            const end = length === log.length ? log.length : start + length
            for (const offset of log.slice(start, end)) event(`k.${offset}`)
          }
          expect(seen).toEqual(log.map((offset) => `k.${offset}`))
        },
      ),
    )
  })

  it('starts at the position given, and moves with what it lets through', () => {
    const { subscription, event } = reading({ after: 'k.5' })
    expect(subscription.position).toBe('k.5')
    event('k.7')
    expect(subscription.position).toBe('k.7')
  })

  it.each([undefined, 'latest', 'earliest'])(
    'holds no position at first when it starts after %s',
    (after) => {
      const { subscription } = reading(after === undefined ? {} : { after })
      expect(subscription.position).toBeUndefined()
      subscription.starts('k.3')
      subscription.starts('k.9')
      expect(subscription.position).toBe('k.3')
    },
  )

  it.each(['', 'k', 'k.', 'k.-1', 'K.1', 'k.1.2', 'k:1'])('refuses to start after %j', (after) => {
    expect(() => reading({ after })).toThrow(expect.objectContaining({ code: 'invalid_position' }))
  })

  it('lets an event without an id through as it comes', () => {
    const { subscription, seen, event } = reading({ after: 'k.5' })
    event()
    event()
    expect(seen).toEqual(['unkept', 'unkept'])
    expect(subscription.position).toBe('k.5')
  })

  it('after a reset goes on where the server says, even at a lower offset', () => {
    const { subscription, seen, event } = reading({ after: 'old.90' })
    subscription.take({ op: 'reset', channel: 'orders', reason: 'epoch', earliest: 'new.0', latest: 'new.4' })
    event('new.4')
    event('new.5')
    expect(seen).toEqual(['reset', 'new.5'])
    expect(subscription.position).toBe('new.5')
  })

  it('is moved on by what the stream reached, but never back and never into another epoch', () => {
    const { subscription } = reading({ after: 'k.5' })
    subscription.reaches('k.9')
    expect(subscription.position).toBe('k.9')
    subscription.reaches('k.2')
    subscription.reaches('other.100')
    expect(subscription.position).toBe('k.9')
  })

  it('lets nothing through while it is not active', () => {
    const { subscription, seen, event } = reading({ after: 'k.5' })
    subscription.active = false
    event('k.6')
    event()
    subscription.take({ op: 'reset', channel: 'orders', reason: 'epoch', earliest: 'n.0', latest: 'n.4' })
    expect(seen).toEqual([])
    expect(subscription.position).toBe('k.5')
  })
})
