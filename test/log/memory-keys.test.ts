import { describe, expect, it } from 'vitest'
import { memoryLog } from '../../src/log/memory.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

const minute = 60_000

function open(options: { keys?: number } = {}) {
  const clock = simulatedClock()
  const log = memoryLog({ ...options, clock })
  const append = (key: string, payload = '0') => log.append({ channel: 'a', event: 'tick', payload }, { key })
  return { clock, log, append }
}

describe('the keys of a memory log', () => {
  it('are remembered for 10 minutes from their first use, then forgotten', async () => {
    const { clock, append } = open()
    const first = await append('k')
    clock.advance(5 * minute)
    expect(await append('k')).toEqual({ ...first, repeated: true })
    clock.advance(5 * minute)
    expect(await append('k')).toEqual({ ...first, repeated: true })
    clock.advance(1)
    expect(await append('k')).toMatchObject({ offset: 2, repeated: false })
  })

  it('are refused with busy at the bound, until the oldest is forgotten', async () => {
    const { clock, log, append } = open({ keys: 2 })
    await append('first')
    clock.advance(minute)
    await append('second')
    await expect(append('third')).rejects.toMatchObject({ code: 'busy', temporary: true })
    expect(await append('first')).toMatchObject({ offset: 1, repeated: true })
    await expect(append('second', '1')).rejects.toMatchObject({ code: 'idempotency_mismatch' })
    await log.append({ channel: 'a', event: 'tick', payload: '0' })
    expect(await log.head()).toMatchObject({ offset: 3 })
    clock.advance(9 * minute + 1)
    expect(await append('third')).toMatchObject({ offset: 4, repeated: false })
    await expect(append('fourth')).rejects.toMatchObject({ code: 'busy' })
    expect(await append('second')).toMatchObject({ offset: 2, repeated: true })
  })

  it('say conflict before busy: a refused append takes no room', async () => {
    const { log, append } = open({ keys: 1 })
    const { epoch, offset } = await append('first')
    const event = { channel: 'a', event: 'tick', payload: '0' }
    const behind = { key: 'second', after: { epoch, offset: offset! - 1 } }
    await expect(log.append(event, behind)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('are forgotten without another append, and leave no timer behind', async () => {
    const { clock, log } = open()
    await log.append({ channel: 'a', event: 'tick', payload: '0' }, { key: 'k', retention: 'none' })
    expect(clock.pending).toBe(1)
    clock.advance(11 * minute)
    expect(clock.pending).toBe(0)
  })
})
