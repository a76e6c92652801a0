import type { ChannelLog, Feed, StoredEvent } from '../../hub/channel-log.ts'
import type { Clock } from '../../hub/clock.ts'
import type { PresenceStore } from '../../hub/presence.ts'
import type { MessageLine } from './message-line.ts'
import { WorkerPeer } from './worker-peer.ts'

/** How often workers that nothing was sent to are told how far the log is, in milliseconds. */
const tellPositionMs = 1_000

interface Watched {
  readonly peers: Set<WorkerPeer>
  readonly since: number | Promise<number>
}

/** The primary's side: one log and one presence store, and the workers that use them. */
export class LogHost {
  readonly log: ChannelLog
  readonly presence: PresenceStore
  /** The log is out of reach. */
  lost = false
  readonly #clock: Clock
  readonly #feed: Feed
  readonly #peers = new Set<WorkerPeer>()
  /** What any worker watches: the one feed watches it once. */
  readonly #watched = new Map<string, Watched>()
  #cancelTimer: () => void

  constructor(log: ChannelLog, presence: PresenceStore, clock: Clock) {
    this.log = log
    this.presence = presence
    this.#clock = clock
    this.#feed = log.follow({
      event: (event) => this.#give(event),
      epoch: (epoch) => this.#restart(epoch),
      unavailable: (lost) => {
        this.lost = lost
        for (const peer of this.#peers) peer.tell({ lost })
      },
    })
    presence.follow((change) => {
      for (const peer of this.#peers) peer.tellPresence(change)
    })
    this.#cancelTimer = this.#tellPositionLater()
  }

  get position(): number {
    return this.#feed.position
  }

  /** Serves a worker until its line closes. */
  add(line: MessageLine): void {
    this.#peers.add(new WorkerPeer(this, line))
  }

  forget(peer: WorkerPeer): void {
    this.unwatchAll(peer)
    this.#peers.delete(peer)
  }

  watch(channel: string, peer: WorkerPeer): number | Promise<number> {
    peer.watched.add(channel)
    const known = this.#watched.get(channel)
    if (!known) return this.#watchFirst(channel, peer)
    known.peers.add(peer)
    // From what has been given on, and from where the watching began, this worker misses nothing either.
    const { since } = known
    const joined = (offset: number) => Math.max(offset, this.#feed.position)
    return typeof since === 'number' ? joined(since) : since.then(joined)
  }

  unwatch(channel: string, peer: WorkerPeer): void {
    peer.watched.delete(channel)
    const watched = this.#watched.get(channel)
    if (!watched?.peers.delete(peer) || watched.peers.size > 0) return
    this.#watched.delete(channel)
    this.#feed.unwatch(channel)
  }

  unwatchAll(peer: WorkerPeer): void {
    for (const channel of [...peer.watched]) this.unwatch(channel, peer)
  }

  /** Closes the log and the presence store. Workers that still ask are told so. */
  async close(): Promise<void> {
    this.#cancelTimer()
    await this.presence.close()
    await this.log.close()
  }

  #watchFirst(channel: string, peer: WorkerPeer): number | Promise<number> {
    const since = this.#feed.watch(channel)
    const watched = { peers: new Set([peer]), since }
    this.#watched.set(channel, watched)
    // Who waits is told; the next one tries anew.
    if (typeof since !== 'number') since.catch(() => this.#drop(channel, watched))
    return since
  }

  #drop(channel: string, watched: Watched): void {
    if (this.#watched.get(channel) !== watched) return
    this.#watched.delete(channel)
    for (const peer of watched.peers) peer.watched.delete(channel)
  }

  #give(event: StoredEvent): void {
    for (const peer of this.#watched.get(event.channel)?.peers ?? []) peer.give(event)
  }

  /** Every channel has to be watched again, by each worker that wants it. */
  #restart(epoch: string | undefined): void {
    for (const peer of this.#peers) {
      this.unwatchAll(peer)
      peer.tell({ restart: epoch })
    }
  }

  #tellPositionLater(): () => void {
    return this.#clock.after(tellPositionMs, () => {
      for (const peer of this.#peers) peer.tellPosition()
      this.#cancelTimer = this.#tellPositionLater()
    })
  }
}
