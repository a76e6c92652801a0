import type { ChannelDeclaration, Rule, SlowReader } from '../hub/channels.ts'
import { type FlowDeclaration, isChannelPattern } from '../protocol/index.ts'
import { didYouMean } from './closest.ts'
import { ConfigError, showPlace, type ValuePlace } from './config-error.ts'

interface Shape {
  readonly expects: string
  accepts(value: unknown): boolean
}

const rules: readonly Rule[] = ['public', 'signed-in', 'nobody']
const slowReaders: readonly SlowReader[] = ['resume', 'latest', 'drop']

const callback: Shape = {
  expects: 'a function, in a .js file',
  accepts: (value) => typeof value === 'function',
}

const rule: Shape = {
  expects: `${rules.join(', ')}, or in a .js file a function`,
  accepts: (value) => typeof value === 'function' || rules.some((name) => name === value),
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRetention(value: unknown): boolean {
  if (value === 'none') return true
  if (!isObject(value)) return false
  return Object.entries(value).every(
    ([key, bound]) => (key === 'count' || key === 'ageMs') && Number.isInteger(bound) && Number(bound) > 0,
  )
}

const isAmount = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value < 1e9

const isRate = (value: unknown): boolean =>
  isObject(value) &&
  'perSecond' in value &&
  Object.entries(value).every(([key, amount]) => ['perSecond', 'bytes'].includes(key) && isAmount(amount))

/** Every field of a flow, so that a new one without its check here does not compile. */
const flowFields: Readonly<Record<keyof FlowDeclaration, (value: unknown) => boolean>> = {
  down: isRate,
  up: isRate,
  latencyMs: isAmount,
  binary: (value) => ['none', 'occasional', 'continuous'].includes(String(value)),
  order: (value) => ['none', 'per-flow', 'strict'].includes(String(value)),
}

function isFlow(value: unknown): boolean {
  if (!isObject(value)) return false
  return Object.entries(value).every(
    ([key, one]) => Object.hasOwn(flowFields, key) && flowFields[key as keyof FlowDeclaration](one),
  )
}

/** Every field of a declaration, so that a new one without its check here does not compile. */
const fields: Readonly<Record<keyof ChannelDeclaration, Shape>> = {
  read: rule,
  send: rule,
  retention: {
    expects: 'none, or an object of count and ageMs, whole numbers above 0',
    accepts: isRetention,
  },
  slow: { expects: slowReaders.join(', '), accepts: (value) => slowReaders.some((name) => name === value) },
  compress: { expects: 'true or false', accepts: (value) => typeof value === 'boolean' },
  presence: { expects: 'true or false', accepts: (value) => typeof value === 'boolean' },
  flow: {
    expects:
      'an object of down and up (each with perSecond, and bytes), latencyMs, binary (none, occasional, continuous) and order (none, per-flow, strict)',
    accepts: isFlow,
  },
  events: { expects: 'an object of events by name', accepts: isObject },
  onSend: callback,
  onSubscribe: callback,
  onLeave: callback,
}

/** Checks declarations that came from a file, where no compiler did. Throws `ConfigError` naming the place. */
export function assertChannels(channels: object, at: ValuePlace): void {
  for (const [pattern, declaration] of Object.entries(channels)) {
    const path = `["${pattern}"]`
    if (!isChannelPattern(pattern)) {
      throw new ConfigError(
        `${showPlace(at, path)}: a channel is segments of A-Z a-z 0-9 . _ ~ - joined by /, each of which may be *.`,
      )
    }
    if (!isObject(declaration))
      throw new ConfigError(`${showPlace(at, path)} must be an object, such as { "read": "public" }.`)
    assertDeclaration(declaration, (field) => showPlace(at, path + field))
  }
}

function assertDeclaration(declaration: object, placeOf: (field: string) => string): void {
  for (const [key, value] of Object.entries(declaration)) {
    if (!Object.hasOwn(fields, key)) {
      const known = Object.keys(fields)
      throw new ConfigError(
        `${placeOf(`.${key}`)} is no field of a channel.${didYouMean(key, known)} It has: ${known.join(', ')}.`,
      )
    }
    const shape = fields[key as keyof ChannelDeclaration]
    if (value !== undefined && !shape.accepts(value))
      throw new ConfigError(`${placeOf(`.${key}`)} must be ${shape.expects}.`)
  }
}
