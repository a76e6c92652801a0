import { type DecideOptions, decide } from './decide.ts'
import type { Facts, InputName, Inputs } from './inputs.ts'
import type { AdvisedTransport } from './transports.ts'

/** One input whose change would change the answer. */
export interface Flip {
  readonly input: InputName
  readonly from: unknown
  /** The nearest value with another answer. */
  readonly to: unknown
  readonly answer: AdvisedTransport
  /** How far away: doublings of a number; 2 for another path or page, 6 for another application. */
  readonly distance: number
}

const numbers = ['upRate', 'downRate', 'latencyMs', 'rttMs', 'clients', 'tabs'] as const
/** A thousand times as much is another application. */
const farthest = 10

const [otherPath, otherApplication] = [2, 6]
/** Kinds that belong to where it runs, and can be otherwise tomorrow. */
const surroundings: readonly InputName[] = ['http', 'network', 'existing', 'sseBlocked', 'websocketBlocked']

const kinds: Readonly<Partial<Record<InputName, readonly unknown[]>>> = {
  http: ['h1', 'h2'],
  network: ['open', 'mobile', 'mixed', 'corporate', 'hotel', 'satellite', 'datacentre'],
  binary: ['none', 'continuous'],
  order: ['per-flow', 'strict'],
  existing: ['none', 'sse', 'websocket'],
  background: [false, true],
  lifetime: ['session', 'response', 'wait'],
  sseBlocked: [false, true],
  websocketBlocked: [false, true],
  fanout: ['user', 'same'],
  clientKind: ['browser', 'old-browser', 'native', 'server', 'device'],
  serverlessMaxSeconds: [undefined, 10],
}

/** The nearest changes, one input at a time, that give another answer; the nearest first. */
export function flipsOf(
  inputs: Inputs,
  facts: Facts,
  best: AdvisedTransport,
  options: DecideOptions,
): Flip[] {
  const answer = (change: Inputs): AdvisedTransport =>
    decide({ ...inputs, ...change }, options).ranked[0]!.transport
  const flips = [
    ...numbers.flatMap((name) => nearestNumber(name, facts[name], best, answer)),
    ...Object.entries(kinds).flatMap(([name, values]) =>
      nearestKind(name as InputName, facts[name as InputName], values, best, answer),
    ),
  ]
  return flips.sort((a, b) => a.distance - b.distance || a.input.localeCompare(b.input))
}

type Answer = (change: Inputs) => AdvisedTransport

function nearestNumber(
  name: (typeof numbers)[number],
  from: number,
  best: AdvisedTransport,
  answer: Answer,
): Flip[] {
  if (from <= 0) return []
  const at = (doublings: number): number => Number((from * 2 ** doublings).toPrecision(3))
  const found = [1, -1].flatMap((sign): Flip[] => {
    for (let step = 1; step <= farthest; step++) {
      if (answer({ [name]: at(sign * step) }) === best) continue
      const distance = bisect(
        step - 1,
        step,
        (doublings) => answer({ [name]: at(sign * doublings) }) !== best,
      )
      const to = at(sign * distance)
      return [{ input: name, from, to, answer: answer({ [name]: to }), distance }]
    }
    return []
  })
  return found.sort((a, b) => a.distance - b.distance).slice(0, 1)
}

/** The least value between the two for which `holds`, to a hundredth; it holds for the upper one. */
function bisect(lower: number, upper: number, holds: (value: number) => boolean): number {
  let [low, high] = [lower, upper]
  while (high - low > 0.01) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

function nearestKind(
  name: InputName,
  from: unknown,
  values: readonly unknown[],
  best: AdvisedTransport,
  answer: Answer,
): Flip[] {
  for (const to of values) {
    if (to === from) continue
    const changed = answer({ [name]: to })
    const distance = surroundings.includes(name) ? otherPath : otherApplication
    if (changed !== best) return [{ input: name, from, to, answer: changed, distance }]
  }
  return []
}
