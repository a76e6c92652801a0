import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { rolldown } from 'rolldown'
import { describe, expect, it } from 'vitest'
import {
  type LivePlan,
  type LiveSample,
  type LiveState,
  type LiveTransport,
  observeLive,
  startLive,
} from '../../src/advisor/live.ts'
import { root } from '../support/source-files.ts'

const minute = 60_000
const plan: LivePlan = { ladder: ['sse', 'websocket', 'long-poll'], crossover: 4 }

/** Goes on for so long, with a sample each second at a rate. */
function live(
  state: LiveState,
  seconds: number,
  rate: number,
  extra: Partial<LiveSample> = {},
  by = plan,
): LiveState {
  let now = state
  for (let second = 0; second < seconds; second++)
    now = observeLive(by, now, { at: now.at + 1000, sent: rate, ...extra })
  return now
}

/** The transports used, each change once. */
function changes(samples: readonly LiveSample[], by = plan): LiveTransport[] {
  let state = startLive(by, 0)
  const used = [state.using]
  for (const sample of samples) {
    state = observeLive(by, state, sample)
    if (state.using !== used.at(-1)) used.push(state.using)
  }
  return used
}

describe('the rate', () => {
  it('moves to a WebSocket after two minutes well above the crossover, and says why', () => {
    const busy = live(startLive(plan, 0), 5 * 60, 20)
    expect(busy.using).toBe('websocket')
    expect(busy.because).toMatch(/^\d+\.\d\/s up, crossover 4$/)
    expect(live(startLive(plan, 0), 110, 20).using).toBe('sse')
  })

  it('moves back after ten minutes well below it', () => {
    const busy = live(startLive(plan, 0), 5 * 60, 20)
    expect(live(busy, 9 * 60, 0).using).toBe('websocket')
    expect(live(busy, 16 * 60, 0).using).toBe('sse')
  })

  it('leaves a WebSocket that was planned for a page on which nothing is typed', () => {
    const chat: LivePlan = { ...plan, ladder: ['websocket', 'sse', 'long-poll'] }
    expect(live(startLive(chat, 0), 11 * 60, 0, {}, chat).using).toBe('sse')
  })

  it('has no say where the plan is fixed', () => {
    expect(live(startLive(plan, 0), 20 * 60, 50, {}, { ...plan, fixed: true }).using).toBe('sse')
  })

  it('waits while a send is not answered', () => {
    const busy = live(startLive(plan, 0), 20 * 60, 20, { busy: true })
    expect(busy.using).toBe('sse')
    expect(live(busy, 1, 20).using).toBe('websocket')
  })

  it('changes nothing between half the crossover and one and a half of it, whatever the noise', () => {
    const rates = fc.array(fc.double({ min: 2.01, max: 5.99, noNaN: true }), {
      minLength: 600,
      maxLength: 1200,
    })
    fc.assert(
      fc.property(rates, fc.constantFrom<LiveTransport>('sse', 'websocket'), (noise, first) => {
        const by = { ...plan, ladder: [first, ...plan.ladder.filter((one) => one !== first)] }
        // From nothing, the smoothed rate first has to come near: less than a turn takes.
        const samples = noise.map((sent, second) => ({ at: (second + 1) * 1000, sent }))
        expect(changes(samples, by)).toEqual([first])
      }),
      { numRuns: 30 },
    )
  })

  it('changes at most once in ten minutes under any noise at all', () => {
    const sample = fc.record({
      pause: fc.integer({ min: 100, max: 120_000 }),
      sent: fc.integer({ min: 0, max: 2000 }),
      busy: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 400 }), (noise) => {
        let at = 0
        const samples = noise.map(({ pause, ...rest }) => {
          at += pause
          return { ...rest, at }
        })
        expect(changes(samples).length - 1).toBeLessThanOrEqual(1 + at / (10 * minute))
      }),
      { numRuns: 200 },
    )
  })
})

describe('faults', () => {
  const at = 1000

  it('take the next of the ladder at once, send or no send, and say which', () => {
    const state = observeLive(plan, startLive(plan, 0), { at, sent: 0, fault: 'buffered', busy: true })
    expect(state).toMatchObject({ using: 'websocket', because: 'sse buffered' })
    expect(observeLive(plan, state, { at, sent: 0, fault: 'silent' }).using).toBe('long-poll')
  })

  it('are forgiven: what failed is tried again after a minute, then after twice as long', () => {
    const fell = observeLive(plan, startLive(plan, 0), { at, sent: 0, fault: 'silent' })
    expect(live(fell, 59, 0).using).toBe('websocket')
    const back = live(fell, 61, 0)
    expect(back).toMatchObject({ using: 'sse', because: 'sse again' })
    const again = observeLive(plan, back, { at: back.at + 1, sent: 0, fault: 'silent' })
    expect(live(again, 110, 0).using).toBe('websocket')
    expect(live(again, 125, 0).using).toBe('sse')
  })

  it('of long ago do not count', () => {
    const fell = observeLive(plan, startLive(plan, 0), { at, sent: 0, fault: 'silent' })
    const calm = live(fell, 60 * 60, 0)
    const again = observeLive(plan, calm, { at: calm.at + 1, sent: 0, fault: 'silent' })
    expect(live(again, 61, 0).using).toBe('sse')
  })

  it('on every transport leave the one that may be tried soonest', () => {
    let state = startLive(plan, 0)
    for (let i = 1; i <= 20; i++) state = observeLive(plan, state, { at: i, sent: 0, fault: 'refused' })
    expect(plan.ladder).toContain(state.using)
  })

  it('are no ends in order: a stream that ends each second, and is opened again, stays', () => {
    expect(live(startLive(plan, 0), 60 * 60, 0.1).using).toBe('sse')
  })

  it('that are remembered of a network choose the start', () => {
    expect(startLive(plan, 0, { sse: [minute, 1] }).using).toBe('websocket')
    expect(startLive(plan, 2 * minute, { sse: [minute, 1] }).using).toBe('sse')
  })

  it('never choose what the ladder has not', () => {
    const kinds = fc.constantFrom('refused', 'silent', 'buffered', undefined)
    const samples = fc.array(
      fc.record({ sent: fc.nat(100), fault: kinds as fc.Arbitrary<LiveSample['fault']> }),
    )
    const ladder: LivePlan['ladder'] = ['sse', 'long-poll']
    fc.assert(
      fc.property(samples, (some) => {
        const used = changes(
          some.map((one, i) => ({ ...one, at: i * 1000 })),
          { ladder, crossover: 1 },
        )
        expect(used.filter((one) => !ladder.includes(one))).toEqual([])
      }),
    )
  })
})

it('weighs less than 1 KB in a page', async () => {
  const bundle = await rolldown({ input: 'src/advisor/live.ts', platform: 'browser', cwd: root })
  const { output } = await bundle.generate({ format: 'esm', minify: true })
  await bundle.close()
  expect(gzipSync(output[0].code).length).toBeLessThan(1024)
})
