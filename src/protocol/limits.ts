/** The limits of the wire (PROTOCOL.md, section 2). Sizes are bytes of UTF-8, times are milliseconds. */
export const limits = {
  /** A channel's whole name. */
  channelBytes: 255,
  /** An event's name. */
  eventNameBytes: 128,
  /** A position as text: a longer one may not travel as `Last-Event-ID` without a CORS preflight. */
  positionBytes: 128,
  /** One event's payload, on every transport: else a change of transport would fail for ever. */
  payloadBytes: 256 * 1024,
  /** How deep a JSON payload may nest. */
  jsonDepth: 32,
  /** Channels on one stream, subscriptions on one WebSocket. */
  channelsPerStream: 100,
  /** The request target: method, path and query of one request. */
  requestLineBytes: 8 * 1024,
  /** Header fields of one request. Node drops those beyond its own limit silently, so they are counted. */
  headerFields: 100,
  /** The JSON header of a binary WebSocket message. */
  binaryHeaderBytes: 4096,
  /** A whole WebSocket message: the largest payload with its envelope. */
  messageBytes: 256 * 1024 + 4096 + 4,
  /** `POST /live`: messages in one batch. */
  batchMessages: 100,
  /** `POST /live`: the whole body. */
  batchBytes: 1024 * 1024,
  /** History: most events of one answer, and the default. */
  historyEvents: 1000,
  historyDefault: 100,
  /** History: an answer ends after this many payload bytes (with one event at least). */
  historyBytes: 1024 * 1024,
  /** Long-poll: the longest wait, in seconds. */
  waitSeconds: 55,
  /** `Idempotency-Key` and `tag`. */
  keyBytes: 64,
  tagBytes: 64,
  /** `retry:` is never longer than this. */
  retryMs: 30_000,
} as const
