export { FairleadError } from '../protocol/errors.ts'
export type {
  Channel,
  ChannelEvent,
  ChannelOptions,
  Client,
  ConnectOptions,
  EventMeta,
  Loaded,
  PresenceEvent,
  Reset,
  ResetEvent,
  SendOptions,
  TransportChoice,
} from './api.ts'
export type { ClientState } from './client-state.ts'
export type { Clock } from './clock.ts'
export { connect } from './connect.ts'
export type {
  ChangePolicy,
  ConnectionPlan,
  Decision,
  Explanation,
  MeasuredConnection,
} from './decisions.ts'
export type { TokenSource } from './endpoint.ts'
export type { SendAnswer } from './outbox.ts'
export type { WebSocketConstructor } from './transports/find-websocket.ts'
export type { TransportName } from './transports/stream.ts'
