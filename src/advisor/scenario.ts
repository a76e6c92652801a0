import { positive, readExtras } from './extras.ts'
import type { Inputs } from './inputs.ts'

/** A scenario as read: inputs, labels, and what was not understood. */
export interface Scenario {
  readonly id: string
  readonly inputs: Inputs
  /** Not checked yet: any text may stand there. */
  readonly labels: Readonly<Record<'primary' | 'accept' | 'reject', readonly string[]>>
  readonly needs: readonly string[]
  readonly warnings: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

/** Reads one scenario of a file. Fields that are missing stay unknown; throws `TypeError` for what is no object. */
export function readScenario(entry: unknown, index: number): Scenario {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new TypeError(`Scenario ${index + 1} is no object.`)
  const fields = entry as Fields
  const id = typeof fields.id === 'string' ? fields.id : `#${index + 1}`
  const warnings: string[] = []
  const extras = readExtras(fields.extras, 'extras', warnings)
  return {
    id,
    inputs: { ...readShape(fields, warnings), ...extras },
    labels: {
      primary: texts(fields.primary),
      accept: texts(fields.accept),
      reject: texts(fields.reject),
    },
    needs: texts(fields.needs),
    warnings,
  }
}

function readShape(fields: Fields, warnings: string[]): Inputs {
  const direction = oneOf(
    { s2c: 'down', down: 'down', c2s: 'up', up: 'up', both: 'both' } as const,
    fields.dir,
  )
  if (fields.dir !== undefined && direction === undefined)
    warnings.push(`dir "${String(fields.dir)}" is not understood`)
  const [downRate, downBytes] = pair(fields.s2c)
  const [upRate, upBytes] = pair(fields.c2s)
  return {
    direction,
    downRate,
    // A size of 0 belongs to a way that carries nothing.
    downBytes: downBytes || undefined,
    upRate,
    upBytes: upBytes || undefined,
    latencyMs: positive(fields.latencyMs),
  }
}

function pair(value: unknown): [rate: number | undefined, bytes: number | undefined] {
  if (Array.isArray(value)) return [positive(value[0]), positive(value[1])]
  return [positive(value), undefined]
}

function texts(value: unknown): string[] {
  if (value === undefined || value === null) return []
  return (Array.isArray(value) ? value : [value]).map(String)
}

function oneOf<Value>(table: Readonly<Record<string, Value>>, word: unknown): Value | undefined {
  const key = typeof word === 'string' ? word.toLowerCase() : ''
  return Object.hasOwn(table, key) ? table[key] : undefined
}
