/**
 * The limits of the wire (PROTOCOL.md, section 2). Sizes are bytes of UTF-8, times are milliseconds. One export each, so
 * that a bundle holds those it uses; imported as a whole they are `limits`.
 */

/** A channel's whole name. */
export const channelBytes = 255

/** An event's name. */
export const eventNameBytes = 128

/** A position as text: a longer one may not travel as `Last-Event-ID` without a CORS preflight. */
export const positionBytes = 128

/** One event's payload, on every transport: else a change of transport would fail for ever. */
export const payloadBytes = 256 * 1024

/** How deep a JSON payload may nest. */
export const jsonDepth = 32

/** Channels on one stream, subscriptions on one WebSocket. */
export const channelsPerStream = 100

/** The request target: method, path and query of one request. */
export const requestLineBytes = 8 * 1024

/** Header fields of one request. Node drops those beyond its own limit silently, so they are counted. */
export const headerFields = 100

/** The JSON header of a binary WebSocket message. */
export const binaryHeaderBytes = 4096

/** A whole WebSocket message: the largest payload with its envelope. */
export const messageBytes = 256 * 1024 + 4096 + 4

/** `POST /live`: messages in one batch. */
export const batchMessages = 100

/** `POST /live`: the whole body. */
export const batchBytes = 1024 * 1024

/** History: most events of one answer, and the default. */
export const historyEvents = 1000
export const historyDefault = 100

/** History: an answer ends after this many payload bytes (with one event at least). */
export const historyBytes = 1024 * 1024

/** Long-poll: the longest wait, in seconds. */
export const waitSeconds = 55

/** `Idempotency-Key` and `tag`. */
export const keyBytes = 64
export const tagBytes = 64

/** `retry:` is never longer than this. */
export const retryMs = 30_000
