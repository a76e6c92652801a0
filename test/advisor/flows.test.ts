import { describe, expect, it } from 'vitest'
import { type ChannelFlow, correctFlow, inputsOfDeclaration, readFlowFile } from '../../src/advisor/index.ts'

describe('a file of flows', () => {
  it('gives the inputs of each flow, with what holds for all', () => {
    const { flows, warnings } = readFlowFile({
      context: { http: 'h2', network: 'corporate', rttMs: { p50: 40, p95: 90 } },
      flows: [
        { channel: 'orders', direction: 'down', rate: 10, bytes: 140, loss: 'never', readers: 'operators' },
        { channel: 'chat/*', direction: 'both', rate: { up: 0.05, down: 0.1 }, bytes: 120, latencyMs: 500 },
        { channel: 'mutes', name: 'mute button', direction: 'up', rate: 0.005, network: 'mobile' },
        { channel: 'cursors', down: { perSecond: 60, bytes: 40 }, up: { perSecond: 20 }, latencyMs: 80 },
      ],
    })
    expect(warnings).toEqual([])
    const common = { http: 'h2', network: 'corporate', rttMs: 40, rttP95Ms: 90 }
    expect(flows.map(({ inputs }) => inputs)).toEqual([
      { ...common, direction: 'down', downRate: 10, downBytes: 140, delivery: 'resume' },
      {
        ...common,
        direction: 'both',
        downRate: 0.1,
        upRate: 0.05,
        downBytes: 120,
        upBytes: 120,
        latencyMs: 500,
      },
      { ...common, direction: 'up', upRate: 0.005, network: 'mobile' },
      { ...common, direction: 'both', downRate: 60, downBytes: 40, upRate: 20, latencyMs: 80 },
    ])
    expect(flows[2]).toMatchObject({ name: 'mute button', channel: 'mutes' })
  })

  it.each([
    [null, 'A file of flows is an object, and is null.'],
    [{}, 'flows is a list of flows, with a channel, a direction and a rate each.'],
    [{ flows: [] }, 'flows is a list of flows'],
    [{ flows: [3] }, 'flows[0] is an object, and is 3.'],
    [{ flows: [{}] }, 'flows[0].channel is the name of a channel, and is missing.'],
    [
      { flows: [{ channel: 'a', direction: 'sideways' }] },
      'flows[0].direction is down, up or both, and is "sideways".',
    ],
    [{ flows: [{ channel: 'a', rate: -1 }] }, 'flows[0].rate is a number from 0, and is -1.'],
    [
      { flows: [{ channel: 'a', direction: 'both', rate: { down: 'often' } }] },
      'flows[0].rate.down is a number from 0',
    ],
    [{ flows: [{ channel: 'a', rate: { sideways: 1 } }] }, 'flows[0].rate has up and down, and no sideways.'],
    [{ flows: [{ channel: 'a', down: { bytes: 5 } }] }, 'flows[0].down.perSecond is a number from 0'],
  ])('%j is refused, with the place and what belongs there', (file, message) => {
    expect(() => readFlowFile(file)).toThrow(message)
  })

  it('names what it does not know, and reads the rest', () => {
    const { flows, warnings } = readFlowFile({
      flows: [{ channel: 'a', direction: 'down', rate: 1, colour: 'red' }],
    })
    expect(warnings).toEqual(['flows[0].colour is not known'])
    expect(flows[0]?.inputs).toEqual({ direction: 'down', downRate: 1 })
  })
})

describe('a measured flow', () => {
  const measured: ChannelFlow['measured'] = {
    windowSeconds: 60,
    clients: 12,
    eventsPerSecond: 8,
    eventBytes: 90,
    sendsPerSecond: 6.2,
    sendBytes: 40,
  }
  const declared = { down: { perSecond: 8, bytes: 90 }, up: { perSecond: 0.1, bytes: 40 }, latencyMs: 100 }

  it('that is not as declared is said, with the crossover there and what would suit it better', () => {
    const correction = correctFlow({ channel: 'cursor', declared, measured }, { http: 'h1', rttMs: 40 })
    expect(correction?.message).toMatch(
      /^declared 0\.1 messages\/s up, measured 6\.2; crossover here [\d.]+ \(HTTP\/1\.1, round trip 40 ms\): WebSocket would suit it better$/,
    )
    expect(correction?.declared.primary).toBe('sse+post')
    expect(correction?.measured.primary).toBe('websocket')
  })

  it('that is as declared is not', () => {
    expect(
      correctFlow({ channel: 'cursor', declared, measured: { ...measured, sendsPerSecond: 0.15 } }),
    ).toBeUndefined()
    expect(correctFlow({ channel: 'cursor', measured })).toBeUndefined()
  })

  it('says which way it differs', () => {
    const correction = correctFlow({
      channel: 'a',
      declared: { down: { perSecond: 1 } },
      measured: { ...measured, sendsPerSecond: 0 },
    })
    expect(correction?.message).toBe('declared 1 messages/s down, measured 8')
  })

  it('may go a way that was not declared', () => {
    expect(inputsOfDeclaration({ up: { perSecond: 2 } })).toEqual({ direction: 'up', upRate: 2 })
    expect(
      correctFlow({ channel: 'a', declared: { down: { perSecond: 8 }, latencyMs: 100 }, measured })?.measured
        .primary,
    ).toBe('websocket')
  })
})
