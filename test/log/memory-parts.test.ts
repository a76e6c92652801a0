import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { Heap, type Heaped } from '../../src/log/heap.ts'
import { KeptEvents } from '../../src/log/memory/kept-events.ts'
import { type Linked, LinkedList } from '../../src/log/memory/linked-list.ts'
import { ownPayload } from '../../src/log/memory/own-copy.ts'
import { readPage } from '../../src/log/memory/page.ts'
import { Queue } from '../../src/log/queue.ts'
import { wakeUp } from '../../src/log/wake-up.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

describe('Queue', () => {
  it('is an array that is pushed to and shifted from', () => {
    const script = fc.array(
      fc.oneof({ weight: 4, arbitrary: fc.nat() }, { weight: 5, arbitrary: fc.constant('shift') }),
      {
        maxLength: 400,
      },
    )
    fc.assert(
      fc.property(fc.nat({ max: 200 }), script, (filled, steps) => {
        const queue = new Queue<number>()
        const array: number[] = []
        const push = (item: number) => {
          queue.push(item)
          array.push(item)
        }
        for (let i = 0; i < filled; i++) push(i)
        for (const step of steps) {
          if (typeof step === 'number') push(step)
          else expect(queue.shift()).toBe(array.shift())
          expect([queue.length, queue.first]).toEqual([array.length, array[0]])
        }
        expect([-1, ...array.keys(), array.length].map((i) => queue.at(i))).toEqual([
          undefined,
          ...array,
          undefined,
        ])
      }),
    )
  })
})

describe('LinkedList', () => {
  it('keeps the order of pushing when any item is taken out', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 60 }), (picks) => {
        const list = new LinkedList<Item>()
        const items = Array.from({ length: 10 }, (): Item => ({ previous: undefined, next: undefined }))
        let array: Item[] = []
        for (const pick of picks) {
          const picked = items[pick]!
          if (array.includes(picked)) {
            list.remove(picked)
            array = array.filter((item) => item !== picked)
          } else {
            list.push(picked)
            array.push(picked)
          }
          expect([...walk(list)]).toEqual(array)
          expect(list.length).toBe(array.length)
        }
      }),
    )
  })
})

interface Item extends Linked<Item> {}

function* walk(list: LinkedList<Item>): Generator<Item> {
  for (let item = list.first; item; item = item.next) yield item
}

describe('Heap', () => {
  it('has the lowest rank first, whatever is added, moved and removed', () => {
    const step = fc.record({ pick: fc.nat({ max: 19 }), rank: fc.nat({ max: 50 }), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const heap = new Heap<Heaped>()
        const inside: Heaped[] = []
        for (const { pick, rank, remove } of steps) {
          const item = inside[pick]
          if (item && remove) {
            heap.remove(item)
            heap.remove(item)
            inside.splice(pick, 1)
          } else if (item) {
            item.rank = rank
            heap.moved(item)
          } else {
            const added = { rank, place: -1 }
            heap.add(added)
            inside.push(added)
          }
          expect(heap.first?.rank).toBe(
            inside.length === 0 ? undefined : Math.min(...inside.map((one) => one.rank)),
          )
        }
      }),
    )
  })
})

describe('ownPayload', () => {
  it('copies a text as it is, and counts two bytes a unit where the engine needs them', () => {
    expect(ownPayload('"abc"')).toEqual({ payload: '"abc"', bytes: 5 })
    expect(ownPayload('"ab€🎏"')).toEqual({ payload: '"ab€🎏"', bytes: 14 })
    expect(ownPayload('')).toEqual({ payload: '', bytes: 0 })
  })

  it('copies bytes out of a buffer that others use', () => {
    const pool = Buffer.from('0123456789')
    const { payload } = ownPayload(pool.subarray(2, 5))
    pool.fill(0)
    expect(payload).toEqual(Uint8Array.from(Buffer.from('234')))
    expect((payload as Uint8Array).buffer.byteLength).toBe(3)
  })
})

describe('wakeUp', () => {
  it('runs once for all that falls due within a second', () => {
    const clock = simulatedClock()
    const task = vi.fn()
    const { by } = wakeUp(clock, task)
    for (let i = 0; i < 100; i++) by(clock.now() + 500 + i)
    expect(clock.pending).toBe(1)
    clock.advance(999)
    expect(task).not.toHaveBeenCalled()
    clock.advance(5000)
    expect(task).toHaveBeenCalledTimes(1)
    expect(clock.pending).toBe(0)
  })

  it('takes the earlier of two deadlines, whichever was asked for first', () => {
    const clock = simulatedClock()
    const task = vi.fn()
    const { by } = wakeUp(clock, task)
    by(clock.now() + 60_000)
    by(clock.now() + 5000)
    by(clock.now() + 70_000)
    expect(clock.pending).toBe(1)
    clock.advance(5000)
    expect(task).toHaveBeenCalledTimes(1)
  })

  it('sets no timer that the machine would take for one of 1 ms', () => {
    const clock = simulatedClock()
    const after = vi.spyOn(clock, 'after')
    const { by, cancel } = wakeUp(clock, () => {})
    by(Number.POSITIVE_INFINITY)
    expect(after).not.toHaveBeenCalled()
    by(clock.now() + 400 * 24 * 60 * 60_000)
    expect(after.mock.calls[0]?.[0]).toBe(60 * 60_000)
    cancel()
    expect(clock.pending).toBe(0)
  })
})

describe('readPage', () => {
  it('looks at what it reads, not at what is kept', () => {
    const kept = new KeptEvents({ events: Infinity, bytes: Infinity, ageMs: Infinity, channels: Infinity })
    const channels = Array.from({ length: 10 }, (_, i) => `c${i}`)
    for (let i = 0; i < 50_000; i++) kept.add({ channel: channels[i % 10]!, event: 'e', payload: '0' }, 0, {})
    const looks = vi.spyOn(kept, 'at')
    const from = channels.map((channel) => ({ channel, after: 25_000 }))
    expect(readPage(kept, from, { events: 20, bytes: 1000 }).events).toHaveLength(20)
    // 13 for each binary search in 5,000 events, 2 for each event, and one or two for each channel's start.
    expect(looks.mock.calls.length).toBeLessThan(10 * 17 + 20 * 3)
  })
})
