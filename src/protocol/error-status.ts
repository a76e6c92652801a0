/**
 * Every error that crosses the wire has a code out of this table, with what HTTP answers for it (PROTOCOL.md, section 9).
 * Apart from the error class: a client has no use for it.
 */
export const errorStatus = {
  bad_request: 400,
  bad_host: 400,
  bad_path: 400,
  bad_message: 400,
  invalid_channel: 400,
  invalid_event_name: 400,
  invalid_position: 400,
  invalid_limit: 400,
  invalid_wait: 400,
  invalid_key: 400,
  invalid_tag: 400,
  invalid_client: 400,
  invalid_json: 400,
  invalid_utf8: 400,
  json_too_deep: 400,
  /** The payload is not what the channel's declaration says of this event. */
  invalid_data: 400,
  too_many_channels: 400,
  too_many_subscriptions: 400,
  several_logs: 400,
  unknown_parameter: 400,
  unknown_subprotocol: 400,
  auth_required: 401,
  invalid_token: 401,
  /** It was good once: a new one is to be had where it came from. */
  token_expired: 401,
  forbidden: 403,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  conflict: 409,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  idempotency_mismatch: 422,
  upgrade_required: 426,
  rate_limited: 429,
  too_many_headers: 431,
  internal: 500,
  unavailable: 503,
  busy: 503,
  draining: 503,
  storage_full: 503,
  /** In a batch: the message before it failed for now, so this one was not tried. */
  skipped: 503,
} as const

/** One of the codes of `errorStatus`. */
export type ErrorCode = keyof typeof errorStatus

/** The HTTP status of a code; 500 for one of a newer server. */
export function statusOf(code: string): number {
  return Object.hasOwn(errorStatus, code) ? errorStatus[code as ErrorCode] : 500
}
