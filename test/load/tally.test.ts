import { describe, expect, it } from 'vitest'
import { Delays, stamp, Tally } from '../../src/load/tally.ts'

describe('a tally', () => {
  it('tells an event that comes again from one that comes late', () => {
    const tally = new Tally()
    for (const id of ['a.1', 'a.4', 'a.4', 'a.2', undefined, 'a.5', 'b.1']) tally.event(id)
    expect(tally).toMatchObject({ events: 7, repeated: 1, disordered: 1, first: 'a.1', last: 'b.1' })
  })

  it('goes on after a reset, which is no disorder', () => {
    const tally = new Tally()
    tally.event('a.9')
    tally.reset('a.3')
    expect(tally.position).toBe('a.3')
    tally.event('a.4')
    expect(tally).toMatchObject({ events: 2, resets: 1, disordered: 0, last: 'a.4' })
  })
})

describe('delays', () => {
  it('are those of the events that carry a stamp', () => {
    const delays = new Delays()
    expect(delays.latency).toBeUndefined()
    delays.read(`{"n":1}`)
    for (const ago of [1000, 2000, 3000]) delays.read(JSON.stringify({ n: 1, sent: stamp() - ago, m: 2 }))
    expect(delays.latency).toMatchObject({ count: 3 })
    expect(delays.latency!.min).toBeGreaterThanOrEqual(1000)
    expect(delays.latency!.max).toBeGreaterThanOrEqual(3000)
  })
})
