import type { FlowDeclaration, FlowRate } from '../protocol/index.ts'
import { positive, readExtras } from './extras.ts'
import type { Direction, Inputs } from './inputs.ts'

/** A flow by its name. */
export interface NamedFlow {
  /** The channel; or the flow's own name, where a channel has two. */
  readonly name: string
  readonly channel: string
  readonly inputs: Inputs
}

/** A file of flows as read. */
export interface FlowFile {
  readonly flows: readonly NamedFlow[]
  /** What was not understood and left out. */
  readonly warnings: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

/** For people alone: who reads, whether it knows who is there. */
const said = new Set([
  'channel',
  'down',
  'up',
  'name',
  'direction',
  'rate',
  'bytes',
  'latencyMs',
  'loss',
  'readers',
  'presence',
])

/**
 * Reads a file of flows: `flows`, a list with a channel each, and `context`, what holds for all of them. A flow has a
 * direction, `rate` and `bytes` (a number, or one for `up` and one for `down`); or `down` and `up` as a channel declares
 * them. Rates are per second and client, sizes bytes of one payload. Throws
 * `TypeError`, with the path of what is wrong, for what cannot be read at all.
 */
export function readFlowFile(file: unknown): FlowFile {
  const { flows, context } = fieldsOf(file, 'A file of flows')
  if (!Array.isArray(flows) || flows.length === 0)
    throw new TypeError('flows is a list of flows, with a channel, a direction and a rate each.')
  const warnings: string[] = []
  const common = readExtras(context, 'context', warnings)
  const read = flows.map((flow, index) => readFlow(flow, `flows[${index}]`, common, warnings))
  return { flows: read, warnings }
}

function readFlow(value: unknown, where: string, common: Inputs, warnings: string[]): NamedFlow {
  const fields = fieldsOf(value, where)
  const channel = text(fields.channel ?? fields.name, `${where}.channel`)
  const extras = Object.fromEntries(Object.entries(fields).filter(([name]) => !said.has(name)))
  return {
    name: fields.name === undefined ? channel : text(fields.name, `${where}.name`),
    channel,
    inputs: { ...common, ...readExtras(extras, where, warnings), ...readShape(fields, where) },
  }
}

/** The inputs of an entry: its rates as `rate` and `bytes`, or as `down` and `up` of a declaration. */
function readShape(fields: Fields, where: string): Inputs {
  if (fields.down !== undefined || fields.up !== undefined) {
    const down = rateOf(fields.down, `${where}.down`)
    return inputsOfDeclaration({
      ...fields,
      ...(down && { down }),
      ...upOf(fields.up, `${where}.up`),
    } as FlowDeclaration)
  }
  const way = directionOf(fields.direction, where)
  const rates = bothWays(fields.rate, way, `${where}.rate`)
  const sizes = bothWays(fields.bytes, way, `${where}.bytes`)
  const { latencyMs, loss } = fields
  return defined({
    direction: way,
    downRate: rates.down,
    upRate: rates.up,
    downBytes: sizes.down,
    upBytes: sizes.up,
    latencyMs: latencyMs === undefined ? undefined : amount(latencyMs, `${where}.latencyMs`),
    delivery: loss === undefined ? undefined : loss === 'never' ? 'resume' : 'ephemeral',
  })
}

/** The inputs that a channel's declaration gives. */
export function inputsOfDeclaration({ down, up, latencyMs, binary, order }: FlowDeclaration): Inputs {
  return defined({
    direction: up === undefined ? 'down' : down === undefined ? 'up' : 'both',
    downRate: down?.perSecond,
    downBytes: down?.bytes,
    upRate: up?.perSecond ?? 0,
    upBytes: up?.bytes,
    latencyMs,
    binary,
    order,
  })
}

function upOf(up: unknown, where: string): Pick<FlowDeclaration, 'up'> {
  const rate = rateOf(up, where)
  return rate === undefined ? {} : { up: rate }
}

function rateOf(value: unknown, where: string): FlowRate | undefined {
  if (value === undefined) return undefined
  const { perSecond, bytes } = fieldsOf(value, where)
  return {
    perSecond: amount(perSecond, `${where}.perSecond`),
    ...(bytes !== undefined && { bytes: amount(bytes, `${where}.bytes`) }),
  }
}

function defined(inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined))
}

function directionOf(direction: unknown, where: string): Direction | undefined {
  if (direction === undefined || direction === 'down' || direction === 'up' || direction === 'both')
    return direction
  throw new TypeError(`${where}.direction is down, up or both, and is ${JSON.stringify(direction)}.`)
}

/** One number is for the way that the flow goes; for both of them where it goes both. */
function bothWays(value: unknown, way: Direction | undefined, where: string): { up?: number; down?: number } {
  if (value === undefined) return {}
  if (typeof value === 'object' && value !== null) {
    const { up, down, ...other } = value as Fields
    const unknown = Object.keys(other)[0]
    if (unknown !== undefined) throw new TypeError(`${where} has up and down, and no ${unknown}.`)
    return {
      ...(up !== undefined && { up: amount(up, `${where}.up`) }),
      ...(down !== undefined && { down: amount(down, `${where}.down`) }),
    }
  }
  const one = amount(value, where)
  if (way === 'up') return { up: one }
  return way === 'both' ? { up: one, down: one } : { down: one }
}

function amount(value: unknown, where: string): number {
  const read = typeof value === 'number' ? positive(value) : undefined
  if (read !== undefined) return read
  throw new TypeError(`${where} is a number from 0, and is ${JSON.stringify(value)}.`)
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${where} is the name of a channel, and is ${JSON.stringify(value) ?? 'missing'}.`)
}

function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw new TypeError(`${where} is an object, and is ${JSON.stringify(value) ?? 'missing'}.`)
}
