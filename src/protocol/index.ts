export { decodeBase64, encodeBase64, parseBase64 } from './base64.ts'
export { decodeBinaryMessage, encodeBinaryMessage } from './binary.ts'
export {
  type ChannelMap,
  type ChannelNameIn,
  type DataIn,
  type EventMap,
  type EventNameIn,
  type EventsIn,
  type EventType,
  event,
} from './channel-map.ts'
export { isChannelPattern, matchPattern } from './channel-pattern.ts'
export {
  parseAuth,
  parseLast,
  parseSend,
  parseSubscribe,
  parseUnsubscribe,
  type RawClientMessage,
  type SendRequest,
  type SubscribeRequest,
  splitBatch,
  splitClientMessage,
} from './client-message.ts'
export { closeCodes, isFinalClose } from './close-codes.ts'
export {
  type EventFields,
  type EventHeader,
  encodeEventHeader,
  encodeEventMessage,
  parseServerMessage,
} from './envelope.ts'
export { type ErrorCode, errorStatus, statusOf } from './error-status.ts'
export { FairleadError, isFairleadError, isTemporary } from './errors.ts'
export type { FlowDeclaration, FlowRate } from './flow-declaration.ts'
export { sliceArray, sliceObject } from './json-slices.ts'
export * as limits from './limits.ts'
export {
  type AuthMessage,
  type ByeMessage,
  type ByeReason,
  type ClientMessage,
  type ControlMessage,
  type DeniedMessage,
  type Durability,
  type ErrorMessage,
  type EventMessage,
  type HeartbeatMessage,
  type OkMessage,
  type PresenceMessage,
  type ResetMessage,
  type ResetReason,
  type SendMessage,
  type ServerMessage,
  type SubscribeMessage,
  subprotocol,
  type UnsubscribeMessage,
} from './messages.ts'
export {
  exceedsBytes,
  isChannelName,
  isChannelSegment,
  isWellFormed,
  parseChannelName,
  parseClientId,
  parseEventName,
  parseKey,
  parseTag,
} from './names.ts'
export { type Payload, parseBytesPayload, parseJsonPayload, payloadSize, toPayload } from './payload.ts'
export { type After, formatPosition, type Position, parseAfter, parsePosition } from './position.ts'
export { createSseDecoder, type SseDecoder, type SseEvent, type SseHandlers } from './sse-decode.ts'
export { encodeSseBlock, encodeSseComment, type SseBlock } from './sse-encode.ts'
export { decodeSsePayload, encodeSseEvent, type SseEventFields } from './sse-event.ts'
export { createSseLines, type SseLines } from './sse-lines.ts'
export type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.ts'
