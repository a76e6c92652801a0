/**
 * Every error that crosses the wire has a code out of this table (PROTOCOL.md, section 9). `status` is what HTTP
 * answers; `temporary` says that the same request may succeed later, so a client keeps it and tries again.
 */
export const errorCodes = {
  bad_request: { status: 400 },
  bad_host: { status: 400 },
  bad_path: { status: 400 },
  bad_message: { status: 400 },
  invalid_channel: { status: 400 },
  invalid_event_name: { status: 400 },
  invalid_position: { status: 400 },
  invalid_limit: { status: 400 },
  invalid_wait: { status: 400 },
  invalid_key: { status: 400 },
  invalid_tag: { status: 400 },
  invalid_client: { status: 400 },
  invalid_json: { status: 400 },
  invalid_utf8: { status: 400 },
  json_too_deep: { status: 400 },
  too_many_channels: { status: 400 },
  too_many_subscriptions: { status: 400 },
  unknown_parameter: { status: 400 },
  unknown_subprotocol: { status: 400 },
  auth_required: { status: 401 },
  invalid_token: { status: 401 },
  forbidden: { status: 403 },
  host_not_allowed: { status: 403 },
  origin_not_allowed: { status: 403 },
  not_found: { status: 404 },
  method_not_allowed: { status: 405 },
  not_acceptable: { status: 406 },
  request_timeout: { status: 408 },
  conflict: { status: 409 },
  payload_too_large: { status: 413 },
  uri_too_long: { status: 414 },
  unsupported_media_type: { status: 415 },
  unsupported_encoding: { status: 415 },
  idempotency_mismatch: { status: 422 },
  upgrade_required: { status: 426 },
  rate_limited: { status: 429, temporary: true },
  too_many_headers: { status: 431 },
  internal: { status: 500 },
  unavailable: { status: 503, temporary: true },
  busy: { status: 503, temporary: true },
  draining: { status: 503, temporary: true },
  storage_full: { status: 503, temporary: true },
  /** In a batch: the message before it failed for now, so this one was not tried. */
  skipped: { status: 503, temporary: true },
} as const satisfies Record<string, { status: number; temporary?: boolean }>

/** One of the codes of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes

/** The one error class: match on `code`, not with `instanceof`, which fails across two copies of the package. */
export class FairleadError extends Error {
  override readonly name = 'FairleadError'
  readonly code: ErrorCode
  /** Where the channel stands, on `conflict`: read after it and decide again. */
  readonly position: string | undefined

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown; position?: string }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.position = options?.position
  }

  /** The HTTP status of the code; 500 for one of a newer server. */
  get status(): number {
    return Object.hasOwn(errorCodes, this.code) ? errorCodes[this.code].status : 500
  }

  /** Whether the same request may succeed later. */
  get temporary(): boolean {
    return isTemporary(this.code)
  }
}

/** Whether `code` stands for a refusal that passes; unknown codes, from a newer server, do not. */
export function isTemporary(code: string): boolean {
  return Object.hasOwn(errorCodes, code) && 'temporary' in errorCodes[code as ErrorCode]
}

/** Whether a thrown value is one of ours, from whichever copy of the package. */
export function isFairleadError(error: unknown): error is FairleadError {
  return error instanceof Error && error.name === 'FairleadError' && 'code' in error
}
