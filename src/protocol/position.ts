import { FairleadError } from './errors.ts'
import * as limits from './limits.ts'

/**
 * A moment in a log: everything up to `offset` in the log's `epoch`. Offsets only rise and are never used twice
 * inside an epoch; 0 is before the first event. On the wire: `EPOCH.OFFSET` (no `:`, which CORS counts as unsafe).
 */
export interface Position {
  readonly epoch: string
  readonly offset: number
}

const form = /^([a-z0-9]{1,16})\.(0|[1-9][0-9]{0,15})$/

/** Writes a position as it stands on the wire. */
export function formatPosition(epoch: string, offset: number): string {
  return `${epoch}.${offset}`
}

/** Reads a position from untrusted text. Throws `invalid_position`. */
export function parsePosition(text: string): Position {
  const match = text.length <= limits.positionBytes ? form.exec(text) : null
  const offset = Number(match?.[2])
  if (!match || !Number.isSafeInteger(offset)) {
    throw new FairleadError('invalid_position', 'A position is EPOCH.OFFSET, such as k3f9.42.')
  }
  return { epoch: match[1]!, offset }
}

/** Where reading starts: after a position, or at one of the two ends of what the log keeps. */
export type After = Position | 'earliest' | 'latest'

/** Reads the value of `after=` from untrusted text. Throws `invalid_position`. */
export function parseAfter(text: string): After {
  return text === 'earliest' || text === 'latest' ? text : parsePosition(text)
}
