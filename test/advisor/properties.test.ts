import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/advisor/decide.ts'
import {
  advise,
  advisePage,
  builtInConstants,
  type Inputs,
  type NamedFlow,
  rules,
} from '../../src/advisor/index.ts'
import { labelledFlows } from './scenarios.ts'

const rate = fc.oneof(fc.constant(0), fc.double({ min: 0.0001, max: 200, noNaN: true }))
/** Any flow, with anything left out. */
const anyInputs: fc.Arbitrary<Inputs> = fc.record(
  {
    direction: fc.constantFrom('down', 'up', 'both'),
    downRate: rate,
    downBytes: fc.integer({ min: 1, max: 200_000 }),
    upRate: rate,
    upBytes: fc.integer({ min: 1, max: 200_000 }),
    latencyMs: fc.integer({ min: 10, max: 200_000 }),
    binary: fc.constantFrom('none', 'occasional', 'continuous'),
    order: fc.constantFrom('none', 'per-flow', 'strict'),
    delivery: fc.constantFrom('ephemeral', 'resume'),
    lifetime: fc.constantFrom('wait', 'response', 'mixed', 'session', 'always-on'),
    http: fc.constantFrom('h1', 'h2', 'h3'),
    network: fc.constantFrom('open', 'mobile', 'mixed', 'corporate', 'hotel', 'satellite', 'datacentre'),
    clientKind: fc.constantFrom(
      'browser',
      'old-browser',
      'native',
      'react-native',
      'server',
      'cli',
      'device',
    ),
    existing: fc.constantFrom('none', 'sse', 'websocket', 'long-poll'),
    clients: fc.integer({ min: 1, max: 1_000_000 }),
    tabs: fc.integer({ min: 1, max: 20 }),
    rttMs: fc.integer({ min: 1, max: 2000 }),
    serverlessMaxSeconds: fc.integer({ min: 5, max: 900 }),
    websocketBlocked: fc.boolean(),
    sseBlocked: fc.boolean(),
    background: fc.boolean(),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Inputs>

/** A chat between people: nothing but its rates matters. */
const chat: Inputs = {
  direction: 'both',
  downRate: 0.5,
  upRate: 0.1,
  latencyMs: 100,
  http: 'h2',
  network: 'open',
  rttMs: 40,
}

describe('advice', () => {
  it('is given for any flow: one transport, a margin and a confidence within bounds, and never what was taken away', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const { primary, avoid, margin, confidence, ladder } = advise(inputs)
        expect(avoid.map(({ transport }) => transport)).not.toContain(primary)
        expect(margin).toBeGreaterThanOrEqual(0)
        expect(margin).toBeLessThanOrEqual(1)
        expect(confidence.value).toBeLessThanOrEqual(1)
        expect(new Set(ladder).size).toBe(ladder.length)
      }),
      { numRuns: 150 },
    )
  })

  it('is the same for the same inputs, in whatever order they are written', () => {
    fc.assert(
      fc.property(anyInputs, (inputs) => {
        const turned = Object.fromEntries(Object.entries(inputs).reverse()) as Inputs
        expect(advise(turned)).toEqual(advise(inputs))
      }),
      { numRuns: 50 },
    )
  })

  it('moves only where a rule or a cost says so', () => {
    const names = ['http', 'network', 'rttMs', 'upRate', 'downRate', 'latencyMs', 'tabs', 'clients'] as const
    fc.assert(
      fc.property(anyInputs, anyInputs, fc.constantFrom(...names), (inputs, other, name) => {
        const before = decide(inputs)
        const after = decide({ ...inputs, [name]: other[name] })
        if (before.ranked[0]?.transport === after.ranked[0]?.transport) return
        const why = ({ reasons }: typeof before): string[] =>
          reasons.map(({ rule, because }) => `${rule} ${because}`)
        const scores = ({ ranked }: typeof before): string[] =>
          ranked.map(({ transport, score }) => `${transport} ${score}`)
        expect([why(after), scores(after)]).not.toEqual([why(before), scores(before)])
      }),
    )
  })

  it('does not change with what carries no weight: bytes of a chat, and the clients of one server', () => {
    const answers = [50, 500, 5000].map((upBytes) => advise({ ...chat, upBytes, downBytes: upBytes }).primary)
    const crowds = [10, 1000, 9000].map((clients) => advise({ ...chat, clients }).primary)
    expect(new Set([...answers, ...crowds])).toEqual(new Set(['sse+post']))
  })

  it('stays the same without a rule that did not hold', () => {
    for (const { inputs } of labelledFlows) {
      const held = advise(inputs).reasons.map(({ rule }) => rule)
      const without = rules.map(({ id }) => id).filter((id) => !held.includes(id))
      expect(advise(inputs, { without }).primary).toBe(advise(inputs).primary)
    }
  })

  it('names flips that are true', () => {
    for (const { inputs } of labelledFlows) {
      const advice = advise(inputs)
      for (const { input, to, answer } of advice.flips.slice(0, 5)) {
        expect(answer).not.toBe(advice.primary)
        expect(advise({ ...inputs, [input]: to }).primary, `${input} ${to}`).toBe(answer)
      }
    }
  })
})

describe('the crossover', () => {
  it('is where the answer turns, and once turned it stays', () => {
    const { perSecond } = advise(chat).crossover!
    const at = (share: number): string => advise({ ...chat, upRate: perSecond * share }).primary
    expect([0.05, 0.2, 0.5, 0.95, 1.05, 2, 5, 20].map(at)).toEqual([
      ...Array(4).fill('sse+post'),
      ...Array(4).fill('websocket'),
    ])
  })

  it('leads by less the nearer it is, from both sides', () => {
    const { perSecond } = advise(chat).crossover!
    const lead = (share: number): number => advise({ ...chat, upRate: perSecond * share }).margin
    expect(lead(0.1)).toBeGreaterThan(lead(0.5))
    expect(lead(0.5)).toBeGreaterThan(lead(0.95))
    expect(lead(1.1)).toBeLessThan(lead(2))
    expect(lead(2)).toBeLessThan(lead(5))
  })

  it('never rises with a longer round trip, a dearer POST or an older HTTP', () => {
    const crossing = (more: Inputs, post = 580): number => {
      const constants = { ...builtInConstants, cpu: { ...builtInConstants.cpu, post } }
      return advise({ ...chat, ...more }, { constants }).crossover!.perSecond
    }
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 3000 }), (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a]
        expect(crossing({ rttMs: more })).toBeLessThanOrEqual(crossing({ rttMs: less }))
        expect(crossing({}, more + 300)).toBeLessThanOrEqual(crossing({}, less + 300))
      }),
      { numRuns: 40 },
    )
    expect(crossing({ http: 'h1' })).toBeLessThanOrEqual(crossing({ http: 'h2' }))
  })

  it('is not set by bytes, however few there are', () => {
    const { bytes, perSecond } = advise(chat).crossover!
    expect(bytes).toBeLessThan(perSecond)
  })

  it('counts requests, not messages, where messages may wait for each other', () => {
    const patient: Inputs = { direction: 'up', upRate: 20, latencyMs: 5000, http: 'h2' }
    expect(advise(patient).primary).toBe('post-only')
    expect(advise({ ...patient, latencyMs: 100 }).primary).toBe('websocket')
    expect(advise({ ...patient, order: 'strict' }).primary).toBe('websocket')
  })
})

describe('a page', () => {
  const flows: NamedFlow[] = [
    { name: 'orders', channel: 'orders', inputs: { direction: 'down', downRate: 5, latencyMs: 2000 } },
    { name: 'chat', channel: 'chat/*', inputs: chat },
    { name: 'mute', channel: 'mutes', inputs: { direction: 'up', upRate: 0.01, latencyMs: 1000 } },
    {
      name: 'mail',
      channel: 'mail',
      inputs: { direction: 'down', downRate: 0.001, latencyMs: 60_000, background: true },
    },
  ]

  it('has one connection for all its flows, and the others beside it', () => {
    const { plan } = advisePage(flows)
    expect(plan).toMatchObject({
      transport: 'sse',
      ladder: ['sse', 'websocket', 'long-poll'],
      carries: ['chat', 'orders'],
      sends: ['mute'],
      elsewhere: [{ name: 'mail', transport: 'webpush' }],
    })
  })

  it('is the same in whatever order its flows stand', () => {
    const { plan } = advisePage(flows)
    fc.assert(
      fc.property(fc.shuffledSubarray(flows, { minLength: flows.length }), (shuffled) => {
        expect(advisePage(shuffled).plan).toEqual(plan)
      }),
      { numRuns: 24 },
    )
  })

  it('is on a WebSocket when one flow needs it, and the rest goes along', () => {
    const cursors = { name: 'cursors', channel: 'cursors', inputs: { ...chat, downRate: 60, upRate: 20 } }
    const { plan } = advisePage([...flows, cursors])
    expect(plan.transport).toBe('websocket')
    expect(plan.carries).toEqual(['chat', 'cursors', 'orders'])
  })

  it('adds up what its flows send', () => {
    const typing = Array.from({ length: 40 }, (_, i) => ({ name: `${i}`, channel: `${i}`, inputs: chat }))
    expect(advisePage(typing).plan.transport).toBe('websocket')
  })

  it('needs no connection for what only sends', () => {
    const { plan } = advisePage(flows.slice(2, 3))
    expect(plan).toMatchObject({ transport: undefined, ladder: [], carries: [], sends: ['mute'] })
  })
})
