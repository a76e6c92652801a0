import fc from 'fast-check'
import { errorStatus, isFairleadError } from '../../src/protocol/index.ts'
import type { Parser } from './fuzz-input.ts'
import { messageParsers } from './fuzz-messages.ts'
import { requestParsers } from './fuzz-requests.ts'
import { streamParsers } from './fuzz-streams.ts'

/**
 * Property-based fuzz of every parser of untrusted input: it throws nothing but a `FairleadError` of a known code, what
 * it accepts comes back as it was, and the longest input that can reach it costs no more than a moment.
 */

/** All of them. */
export const parsers: readonly Parser[] = [...messageParsers, ...requestParsers, ...streamParsers]

/** What came of one parser. */
export interface FuzzResult {
  readonly name: string
  readonly runs: number
  /** The counterexample and what it broke, as fast-check tells it. */
  readonly fault: string | undefined
}

/** Quadratic work on the longest inputs takes minutes; linear work takes milliseconds, on any machine. */
const momentMs = 3_000

/** Fuzzes every parser, each for its share of the time. */
export function fuzz(seconds: number, seed: number, onResult?: (result: FuzzResult) => void): FuzzResult[] {
  return parsers.map((one) => {
    const result = fuzzOne(one, (seconds * 1000) / parsers.length, seed)
    onResult?.(result)
    return result
  })
}

function fuzzOne({ name, input, check, long }: Parser, ms: number, seed: number): FuzzResult {
  let runs = 0
  const property = fc.property(input, (value) => {
    runs++
    onlyKnownErrors(() => check(value))
  })
  const details = fc.check(property, {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: ms,
    markInterruptAsFailure: false,
  })
  const fault = details.failed ? `${fc.defaultReportMessage(details)}` : slowest(long, check)
  return { name, runs, fault }
}

function slowest<T>(inputs: readonly T[], check: (input: T) => void): string | undefined {
  for (const [index, input] of inputs.entries()) {
    const began = performance.now()
    try {
      onlyKnownErrors(() => check(input))
    } catch (error) {
      return `long input ${index}: ${String(error)}`
    }
    const took = performance.now() - began
    if (took > momentMs) return `long input ${index} took ${Math.round(took)} ms`
  }
  return undefined
}

function onlyKnownErrors(run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!isFairleadError(error) || !Object.hasOwn(errorStatus, error.code)) throw error
  }
}
