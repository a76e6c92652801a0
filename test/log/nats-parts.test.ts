import { describe, expect, it } from 'vitest'
import { AnnouncementOrder } from '../../src/log/nats/announcement-order.ts'
import { settingsOf } from '../../src/log/nats/options.ts'
import { inscriptionOf, logStream } from '../../src/log/nats/stream-config.ts'
import { channelOf, epochOf, Subjects } from '../../src/log/nats/subjects.ts'
import { natsLog, natsPresence } from '../../src/log/nats.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

describe('subjects', () => {
  const subjects = new Subjects('log')
  const channels = [
    'a.b',
    'a/b',
    'A/b',
    'a',
    'a~b',
    'a-b',
    'a_b',
    'a%2eb',
    'a..b',
    'x'.repeat(255),
    '.'.repeat(255),
  ]

  it('give each channel one token of its own, and the channel back', () => {
    const made = channels.map((channel) => subjects.event('k3f9', channel))
    expect(new Set(made).size).toBe(channels.length)
    for (const [i, subject] of made.entries()) {
      expect(subject.split('.')).toHaveLength(4)
      expect(subject).not.toMatch(/[*>\s]/)
      expect([channelOf(subject), epochOf(subject)]).toEqual([channels[i], 'k3f9'])
    }
  })

  it('know a mark of trimming from an event', () => {
    expect(channelOf(subjects.mark('k3f9', 'e'))).toBeUndefined()
    expect(subjects.parseFeed('log.f.a%2eb.k3f9.e')).toEqual({ epoch: 'k3f9', channel: 'a.b' })
    expect(subjects.parseFeed('log.f.a%2eb.k3f9.t')).toEqual({ epoch: 'k3f9', channel: undefined })
  })
})

describe('announcements in order', () => {
  function open() {
    const clock = simulatedClock()
    const given: (number | string)[] = []
    const order = new AnnouncementOrder(clock, () => given.push('missed'))
    const take = (...offsets: number[]) => {
      for (const offset of offsets) order.take(offset, () => given.push(offset))
    }
    return { clock, given, order, take }
  }

  it('come as they were stored, whatever overtook what', () => {
    const { clock, given, order, take } = open()
    order.from(10)
    take(11, 13, 14, 12, 16, 15, 9)
    expect(given).toEqual([11, 12, 13, 14, 15, 16])
    clock.advance(1_000)
    expect(given).toHaveLength(6)
    expect(clock.pending).toBe(0)
  })

  it('wait until it is known where to begin', () => {
    const { given, order, take } = open()
    take(12, 11, 10)
    expect(given).toEqual([])
    order.from(10)
    expect(given).toEqual([11, 12])
  })

  it('go on after one that never comes, once it has been told', () => {
    const { clock, given, order, take } = open()
    order.from(0)
    take(1, 3, 4)
    clock.advance(199)
    expect(given).toEqual([1])
    clock.advance(1)
    expect(given).toEqual([1, 'missed', 3, 4])
    take(2, 5)
    expect(given).toEqual([1, 'missed', 3, 4, 5])
  })

  it('begin anew after a restart', () => {
    const { clock, given, order, take } = open()
    order.from(0)
    take(1, 3)
    order.restart()
    take(7)
    clock.advance(1_000)
    expect(given).toEqual([1])
    order.from(6)
    expect(given).toEqual([1, 7])
  })
})

describe('the configuration of a stream', () => {
  const subjects = new Subjects('fairlead')
  const stream = logStream(settingsOf({}), subjects, { fairlead: 1, epoch: 'k3f9', begun: 7 })

  it('holds the epoch', () => {
    expect(inscriptionOf(stream)).toEqual({ fairlead: 1, epoch: 'k3f9', begun: 7 })
    expect(stream.subjects).toEqual(['fairlead.k3f9.e.*', 'fairlead.k3f9.t.*'])
  })

  it('is refused when it is not a log, or one of a newer version', () => {
    expect(() => inscriptionOf({ ...stream, description: 'orders' })).toThrow(/not a log of Fairlead/)
    const newer = JSON.stringify({ fairlead: 2, epoch: 'k3f9', begun: 0 })
    expect(() => inscriptionOf({ ...stream, description: newer })).toThrow(/newer version/)
  })

  it('keeps events as long as JetStream has to know their keys', () => {
    const brief = logStream(settingsOf({ ageMs: 1_000 }), subjects, { fairlead: 1, epoch: 'k', begun: 0 })
    expect(brief.max_age).toBe(600_000_000_000)
  })
})

describe('options', () => {
  it('that cannot be are refused', () => {
    expect(() => natsLog({ stream: 'a.b' })).toThrow(RangeError)
    expect(() => natsLog({ bytes: -1 })).toThrow(RangeError)
    expect(() => natsPresence({ prefix: 'a b' })).toThrow(RangeError)
  })
})
