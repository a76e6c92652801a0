import { describe, expect, it } from 'vitest'
import type { ConnectionPlan, Decision } from '../../src/client/decisions.ts'
import { createEndpoint } from '../../src/client/endpoint.ts'
import { createLink, type Link } from '../../src/client/link.ts'
import { createPilot, type Pilot } from '../../src/client/pilot.ts'
import type { Transport, TransportName } from '../../src/client/transports/stream.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { ScriptedStream, settle } from './scripted-link.ts'

const minute = 60_000
const plan: ConnectionPlan = { ladder: ['sse', 'websocket', 'long-poll'], crossover: 4 }

/** A link steered by a pilot, on a simulated clock. */
function steered({
  policy = 'auto' as 'auto' | 'suggest' | 'off',
  given = plan as ConnectionPlan | null,
  answer = (() => Response.json({})) as (url: string) => Response | Promise<Response>,
} = {}) {
  const clock = simulatedClock()
  const streams: ScriptedStream[] = []
  const decisions: Decision[] = []
  const transport =
    (name: TransportName): Transport =>
    (request, sink, signal) =>
      new Promise<never>((_, reject) => {
        const stream = new ScriptedStream(name, request, sink, signal, reject)
        streams.push(stream)
        rig.asked(stream)
      })
  const endpoint = createEndpoint('http://host/live', { fetch: async (url) => answer(String(url)) }, clock)
  const pilot: Pilot = createPilot(
    { clock, endpoint, policy, plan: given ?? undefined, order: undefined, channels: () => ['orders'] },
    () => link,
  )
  pilot.onDecision((decision) => decisions.push(decision))
  const link: Link = createLink({
    ...pilot,
    transports: {
      sse: transport('sse'),
      websocket: transport('websocket'),
      'long-poll': transport('long-poll'),
    },
    request: { endpoint, clock, clientId: undefined, WebSocket: undefined, count: pilot.count },
    changed: () => {},
  })
  let answerSend = () => {}
  const deliver = pilot.delivering(
    () =>
      new Promise<void>((resolve) => {
        answerSend = resolve
      }),
  )
  const rig = {
    clock,
    link,
    pilot,
    streams,
    decisions,
    /** What the network does with a stream that is asked for; by default it opens. */
    asked: (stream: ScriptedStream) => queueMicrotask(() => stream.open('k.1')),
    using: () => link.state().transport,
    read() {
      link.add({
        channel: 'orders',
        start: {},
        active: true,
        position: 'k.1',
        starts() {},
        reaches() {},
        take() {},
      })
    },
    /** Lets a beat of the server pass each 10 s, and so many sends a second. */
    async pass(ms: number, perSecond = 0) {
      for (let passed = 0; passed < ms; passed += 10_000) {
        for (let n = 0; n < perSecond * 10; n++) pilot.sends(20)
        clock.advance(10_000)
        await settle()
        for (const stream of streams.filter(({ signal }) => !signal.aborted))
          stream.say({ op: 'heartbeat', everyMs: 25_000 })
        await settle()
      }
    },
    send: () => deliver([], () => {}, new AbortController().signal),
    answer: async () => {
      answerSend()
      await settle()
    },
  }
  return rig
}

async function reading(options: Parameters<typeof steered>[0] = {}) {
  const rig = steered(options)
  rig.read()
  await settle()
  return rig
}

const moves = ({ decisions }: { decisions: Decision[] }) =>
  decisions.filter(({ kind }) => kind !== 'start' && kind !== 'plan').map(({ kind, to }) => `${kind} ${to}`)

describe('a measured rate', () => {
  it('moves a dashboard on SSE to a WebSocket when its user types, and back when the typing ends', async () => {
    const rig = await reading()
    await rig.pass(10 * minute)
    expect(rig.using()).toBe('sse')
    await rig.pass(4 * minute, 20)
    expect(rig.using()).toBe('websocket')
    expect(rig.decisions.at(-1)!.reason).toMatch(
      /^[\d.]+ sends\/s for 2 minutes, crossover 4\.0: a WebSocket/,
    )
    await rig.pass(25 * minute)
    expect(rig.using()).toBe('sse')
    expect(moves(rig)).toEqual(['move websocket', 'move sse'])
    expect(rig.decisions.at(-1)!.reason).toContain('the WebSocket is not worth it')
  })

  it('is never followed during an unanswered send; what is sent meanwhile waits for the change', async () => {
    const rig = await reading()
    const first = rig.send()
    await rig.pass(5 * minute, 20)
    expect(rig.using()).toBe('sse')
    let websocket: ScriptedStream | undefined
    rig.asked = (stream) => {
      websocket = stream
    }
    await rig.answer()
    await first
    expect(websocket?.transport).toBe('websocket')
    let isSent = false
    void rig.send().then(() => {
      isSent = true
    })
    await rig.answer()
    expect(isSent).toBe(false)
    websocket!.open('k.1')
    await settle()
    await rig.answer()
    expect(isSent).toBe(true)
    expect(rig.using()).toBe('websocket')
  })

  it('only suggests, where the policy says so', async () => {
    const rig = await reading({ policy: 'suggest' })
    await rig.pass(10 * minute, 20)
    expect(rig.using()).toBe('sse')
    expect(moves(rig)).toEqual(['suggest websocket'])
  })

  it('has no say where the policy is off', async () => {
    const rig = await reading({ policy: 'off' })
    await rig.pass(10 * minute, 20)
    expect(moves(rig)).toEqual([])
  })

  it('stays where the WebSocket cannot be opened, and says so', async () => {
    const rig = await reading()
    rig.asked = (stream) =>
      queueMicrotask(() => (stream.transport === 'websocket' ? stream.lose() : stream.open('k.1')))
    await rig.pass(4 * minute, 20)
    expect(rig.using()).toBe('sse')
    expect(moves(rig)[0]).toBe('stay websocket')
  })
})

describe('the plan', () => {
  it('is asked for after the stream is open, and followed', async () => {
    const asked: string[] = []
    const rig = await reading({
      given: null,
      answer: (url) => {
        asked.push(url)
        return Response.json({ ladder: ['websocket', 'sse', 'long-poll'], crossover: 3, reason: 'You type.' })
      },
    })
    rig.clock.advance(2_999)
    await settle()
    expect(asked).toEqual([])
    rig.clock.advance(1)
    for (let turns = 0; turns < 5; turns++) await settle()
    expect(asked).toEqual(['http://host/live/_plan?channel=orders'])
    expect(rig.using()).toBe('websocket')
    expect(rig.pilot.explain()).toMatchObject({
      plan: { crossover: 3 },
      order: ['websocket', 'sse', 'long-poll'],
    })
  })

  it.each([
    ['is not there', () => new Response('', { status: 404 })],
    ['is nonsense', () => Response.json({ ladder: ['pigeons'], crossover: 1 })],
    ['never comes', () => new Promise<Response>(() => {})],
  ])('changes nothing where it %s', async (_, answer) => {
    let asked = 0
    const rig = await reading({
      given: null,
      answer: () => {
        asked++
        return answer()
      },
    })
    rig.clock.advance(3_000)
    for (let turns = 0; turns < 5; turns++) await settle()
    await rig.pass(minute)
    expect(asked).toBe(1)
    expect(rig.using()).toBe('sse')
    expect(moves(rig)).toEqual([])
  })
})

describe('false moves', () => {
  it('a stream that ends within a second, many times in a row, stays on SSE', async () => {
    const rig = await reading()
    for (let ends = 0; ends < 200; ends++) {
      rig.clock.advance(700)
      rig.streams.at(-1)!.lose()
      await settle()
      rig.clock.advance(rig.link.state().retryMs ?? 0)
      await settle()
    }
    expect(new Set(rig.streams.map(({ transport }) => transport))).toEqual(new Set(['sse']))
    expect(moves(rig)).toEqual([])
    expect(rig.pilot.explain().measured.cuts).toBe(200)
  })

  it('a socket kept busy by data, with no pong and no heartbeat, stays', async () => {
    const rig = await reading({ given: { ...plan, ladder: ['websocket', 'sse', 'long-poll'], fixed: true } })
    for (let n = 2; n < 400; n++) {
      rig.clock.advance(3_000)
      rig.streams.at(-1)!.event('orders', `k.${n}`)
      await settle()
    }
    expect(rig.streams).toHaveLength(1)
    expect(rig.using()).toBe('websocket')
  })

  it('a tab that fell back because of a slow start does not stay on long-poll', async () => {
    const rig = steered()
    rig.asked = (stream) => {
      if (stream.transport === 'long-poll') queueMicrotask(() => stream.open('k.1'))
    }
    rig.read()
    await settle()
    for (let waits = 0; waits < 2; waits++) {
      rig.clock.advance(5_000)
      await settle()
    }
    expect(rig.using()).toBe('long-poll')
    rig.asked = (stream) => queueMicrotask(() => stream.open('k.1'))
    await rig.pass(40_000)
    expect(rig.using()).toBe('sse')
    expect(rig.decisions.at(-1)).toMatchObject({ kind: 'return', from: 'long-poll', to: 'sse' })
  })

  it('a laptop that moves behind a proxy which blocks frames, after a good start, falls back and comes back', async () => {
    const rig = await reading({ given: { ...plan, ladder: ['websocket', 'sse', 'long-poll'], fixed: true } })
    rig.streams[0]!.say({ op: 'heartbeat', everyMs: 1_000 })
    rig.asked = (stream) => {
      if (stream.transport !== 'websocket') queueMicrotask(() => stream.open('k.1'))
    }
    // Silence of 2 s, a wait of at most 1 s, and 2 s for the socket that had opened at once.
    for (let ms = 0; ms < 5_000; ms += 100) {
      rig.clock.advance(100)
      await settle()
    }
    expect(rig.using()).toBe('sse')
    expect(rig.decisions.at(-1)!.reason).toMatch(/^websocket does not work here: No answer within/)
    rig.asked = (stream) => queueMicrotask(() => stream.open('k.1'))
    await rig.pass(10 * minute)
    expect(rig.using()).toBe('websocket')
  })

  it('none in an hour of short streams, sleeping tabs and deploys', async () => {
    const rig = await reading()
    for (let minutes = 0; minutes < 60; minutes++) {
      await rig.pass(30_000, minutes % 3 ? 1 : 0)
      if (minutes % 2) rig.streams.at(-1)!.lose()
      else rig.streams.at(-1)!.bye(500)
      await settle()
      // A deploy: nobody answers for a moment.
      if (minutes % 10 === 9) {
        rig.asked = (stream) => queueMicrotask(() => stream.lose())
        rig.clock.advance(1_000)
        await settle()
        rig.asked = (stream) => queueMicrotask(() => stream.open('k.1'))
      }
      for (let tries = 0; tries < 20 && !rig.using(); tries++) {
        rig.clock.advance(rig.link.state().retryMs ?? 0)
        await settle()
      }
      // The machine sleeps: its timers are late, and no byte was read meanwhile.
      if (minutes % 7 === 6) {
        rig.link.onHide()
        rig.clock.advance(5 * minute)
        rig.link.onShow()
        await settle()
      }
    }
    expect(rig.using()).toBe('sse')
    expect(moves(rig)).toEqual([])
  })
})

describe('a stream that opens as late as its second message', () => {
  const late = async (again: boolean) => {
    const rig = steered()
    rig.asked = () => {}
    rig.read()
    await settle()
    const openLate = async () => {
      rig.clock.advance(1_000)
      rig.streams.at(-1)!.say({ op: 'heartbeat', id: 'k.1', everyMs: 1_000 })
      for (let turns = 0; turns < 5; turns++) await settle()
    }
    await openLate()
    expect(rig.using()).toBe('sse')
    expect(rig.streams.map(({ transport }) => transport)).toEqual(['sse', 'sse'])
    rig.asked = (stream) => queueMicrotask(() => stream.open('k.1'))
    if (again) await openLate()
    else rig.streams.at(-1)!.say({ op: 'heartbeat', id: 'k.1', everyMs: 1_000 })
    await settle()
    return rig
  }

  it('and so again, while requests are answered at once, is held back: another takes its place', async () => {
    const rig = await late(true)
    expect(rig.using()).toBe('websocket')
    expect(rig.decisions.at(-1)).toMatchObject({
      kind: 'fallback',
      reason: 'sse does not work here: A proxy holds events back: the first took 1000 ms, a request 0 ms.',
    })
    expect(rig.pilot.explain().measured.heldBack).toBe(1)
  })

  it('but not again had only a busy moment', async () => {
    const rig = await late(false)
    expect(rig.using()).toBe('sse')
    expect(moves(rig)).toEqual([])
  })
})

describe('explain()', () => {
  it('keeps the last twenty decisions, the plan and what was measured', async () => {
    const rig = await reading()
    for (let n = 0; n < 25; n++) {
      const transport = n % 2 ? ('sse' as const) : ('websocket' as const)
      await rig.link.use(rig.pilot.named([transport]))
      await settle()
    }
    rig.pilot.named(undefined)
    const { decisions, plan: shown, measured, policy } = rig.pilot.explain()
    expect(decisions).toHaveLength(20)
    expect(shown).toEqual(plan)
    expect(policy).toBe('auto')
    expect(measured).toMatchObject({ sendsPerSecond: 0, events: 0 })
  })
})
