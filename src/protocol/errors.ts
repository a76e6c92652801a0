import type { ErrorCode } from './error-status.ts'

/** Refusals that pass: the same request may succeed later, so a client keeps it and tries again. */
const temporary: readonly string[] = [
  'rate_limited',
  'unavailable',
  'busy',
  'draining',
  'storage_full',
  'skipped',
] satisfies ErrorCode[]

/** The one error class: match on `code`, not with `instanceof`, which fails across two copies of the package. */
export class FairleadError extends Error {
  override readonly name = 'FairleadError'
  // Given by the constructor: a field of its own for each would only weigh on pages.
  declare readonly code: ErrorCode
  /** Where the channel stands, on `conflict`: read after it and decide again. */
  declare readonly position: string | undefined
  /** Where in the payload the mistake is, on `invalid_data`: a JSON pointer (RFC 6901). */
  declare readonly path: string | undefined
  /** How long to wait before trying again, in milliseconds, where it is known. */
  declare readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; position?: string; path?: string; retryAfterMs?: number } = {},
  ) {
    super(message, options)
    this.code = code
    this.position = options.position
    this.path = options.path
    this.retryAfterMs = options.retryAfterMs
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return isTemporary(this.code)
  }
}

/** Whether `code` stands for a refusal that passes; unknown codes, from a newer server, do not. */
export function isTemporary(code: string): boolean {
  return temporary.includes(code)
}

/** Whether a thrown value is one of ours, from whichever copy of the package. */
export function isFairleadError(error: unknown): error is FairleadError {
  return error instanceof Error && error.name === 'FairleadError' && 'code' in error
}
