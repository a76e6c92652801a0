import { describe, expect, it } from 'vitest'
import { FlowMeter } from '../../src/hub/flow.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

describe('a flow meter', () => {
  it('says how often a channel is sent to, of late', async () => {
    const clock = simulatedClock({ seed: 1 })
    const meter = new FlowMeter(clock)
    const rate = () => meter.snapshot().chat!.up.perSecond
    for (let i = 0; i < 6_000; i++) {
      meter.sent('chat', 10)
      await clock.advance(50)
    }
    expect(rate()).toBeCloseTo(20, 0)
    await clock.advance(60_000)
    expect(rate()).toBeCloseTo(20 / Math.E, 0)
    await clock.advance(600_000)
    expect(rate()).toBeLessThan(0.01)
    expect(meter.snapshot().chat).toMatchObject({
      up: { messages: 6_000, bytes: 60_000 },
      down: { events: 0 },
    })
  })

  it('does not take one message for a rate, and needs no minute to see a fast flow', async () => {
    const clock = simulatedClock({ seed: 1 })
    const meter = new FlowMeter(clock)
    meter.carried('a', 5)
    expect(meter.snapshot().a!.down.perSecond).toBe(1)
    for (let i = 0; i < 100; i++) {
      await clock.advance(50)
      meter.carried('a', 5)
    }
    expect(meter.snapshot().a!.down.perSecond).toBeGreaterThan(18)
    expect(meter.snapshot().a!.down.perSecond).toBeLessThan(22)
  })

  it('is not moved by a clock that is set back', async () => {
    let now = 1_000_000
    const meter = new FlowMeter({ now: () => now, after: () => () => {}, random: () => 0 })
    meter.carried('a', 5)
    now -= 3_600_000
    meter.carried('a', 5)
    const { perSecond } = meter.snapshot().a!.down
    expect(perSecond).toBe(2)
  })
})
