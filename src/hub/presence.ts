/**
 * Who is on a channel. A member is named by a client's random id and lives as long as it is heard of: a client on two
 * connections is one member; one that falls silent is gone after `timeoutMs`.
 */
export interface PresenceStore {
  /** Adds a member, or keeps it alive. */
  touch(channel: string, member: string): Promise<void>
  /** Takes a member away at once: it said goodbye. */
  leave(channel: string, member: string): Promise<void>
  /** The members of a channel, in the order of their ids. */
  members(channel: string): Promise<string[]>
  /** Tells of joins and leaves of every channel, in batches, until `close`. Called once. */
  follow(sink: (change: PresenceChange) => void): void
  close(): Promise<void>
}

/** Who came and who left since the last change of the channel; a member stands in one of the two at most. */
export interface PresenceChange {
  readonly channel: string
  readonly join: readonly string[]
  readonly leave: readonly string[]
}
