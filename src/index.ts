export type { Authenticate } from './access/declared-rules.ts'
export {
  type Ticket,
  type TicketRequest,
  type Tickets,
  type TicketsOptions,
  tickets,
} from './access/tickets.ts'
export { permits, type TokenIdentity } from './access/token-claims.ts'
export { type Tokens, type TokensOptions, tokens } from './access/tokens.ts'
export type { TrustProxy } from './access/trusted-proxy.ts'
export { defineConfig, type FairleadConfig } from './config/define-config.ts'
export type { Action, Authorise, Identity, RequestInfo } from './hub/authorise.ts'
export type {
  Appended,
  AppendOptions,
  ChannelHead,
  ChannelLog,
  Feed,
  FeedSink,
  Gap,
  LogHead,
  LogPage,
  NewEvent,
  ReadFrom,
  ReadLimits,
  Retention,
  StoredEvent,
} from './hub/channel-log.ts'
export {
  type ChannelDeclaration,
  type ChannelName,
  type Channels,
  defineChannels,
  type Rule,
  type SendContext,
  type SlowReader,
} from './hub/channels.ts'
export { type Clock, systemClock } from './hub/clock.ts'
export type { ReportError } from './hub/hub.ts'
export type { Logger } from './hub/logger.ts'
export type { PresenceChange, PresenceStore } from './hub/presence.ts'
export { memoryLog } from './log/memory.ts'
export { memoryPresence } from './log/memory-presence.ts'
export {
  type ErrorCode,
  type EventMap,
  type EventType,
  event,
  FairleadError,
  isFairleadError,
} from './protocol/index.ts'
export type {
  EventRecord,
  EventRecordOf,
  Published,
  PublishOptions,
  ServerChannel,
} from './server/application.ts'
export { createServer, type FairleadServer } from './server/create-server.ts'
export type { LimitsOptions } from './server/limits-options.ts'
export { jsonLogger, textLogger, type WriteLine } from './server/line-loggers.ts'
export type { Listening, ListenOptions } from './server/listen.ts'
export { type ServerOptions, serverDefaults } from './server/options.ts'
