/** What someone wants to do with a channel. */
export type Action = 'read' | 'send' | 'presence'

/**
 * Who is asking. `id` scopes idempotency keys and names a member's user; an application's `authenticate` adds what its
 * rules need.
 */
export interface Identity {
  /** Unique per user. Absent: nobody in particular. */
  readonly id?: string | undefined
  /** Holds every permission, `_status` included. */
  readonly admin?: boolean | undefined
  /** When the credentials end, in milliseconds: streams are told ahead, and end then. */
  readonly expiresAt?: number | undefined
  /** When the credentials were issued, in milliseconds: `revoke` voids those of before it. */
  readonly issuedAt?: number | undefined
  readonly [claim: string]: unknown
}

/** What a request brings along to say who it is; the same for HTTP and for an upgrade. */
export interface RequestInfo {
  readonly method: string
  /** The path and query as they came. */
  readonly url: string
  /** Names in lower case; a header that stood twice has its values joined by `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The peer's address. */
  readonly address: string | undefined
}

/** The door: every subscribe, read and send passes it, on every transport. */
export interface Authorise {
  /** Who sent this request, or `null` for nobody. Throws `invalid_token` on credentials that are wrong. */
  identify(request: RequestInfo): Identity | null | Promise<Identity | null>
  /** Asked at every subscribe, resume and send, and again every few seconds while a stream runs. */
  allows(who: Identity | null, action: Action, channel: string): boolean | Promise<boolean>
}
