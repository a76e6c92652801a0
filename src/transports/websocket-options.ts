import type { RequestInfo } from '../hub/authorise.ts'
import type { Session } from '../hub/session.ts'
import type { StartRequest } from '../hub/start.ts'

/** What every WebSocket of a server has in common. */
export interface WebSocketSettings {
  readonly heartbeatMs: number
  readonly pingMs: number
  /** Works out who a token belongs to that came after this request. */
  readonly identify: (request: RequestInfo, token: string) => Promise<Session['who']>
}

/** What the URL says of one WebSocket. */
export interface WebSocketOptions {
  /** The channel that the URL names: `channel` may be left out of messages. */
  readonly channel: string | undefined
  /** What the URL asks to be subscribed to at once. */
  readonly subscribe: readonly { channel: string; start: StartRequest }[]
  readonly client: string | undefined
  /** What opened it: new credentials are looked at together with this. */
  readonly request: RequestInfo
  readonly server: WebSocketSettings
}
