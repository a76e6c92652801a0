import { isFairleadError } from 'fairlead'
import type { Book } from './book.ts'
import type { Live } from './live.ts'
import { epochOf, offsetOf } from './live.ts'
import { emptyShop, type FoldedChannel, foldedChannels, type ShopState } from './state.ts'

/** `snapshot`: all that the shop knew, and of which events. What came before may be forgotten. */
export interface Snapshot {
  /** The shape of `state`. */
  version: number
  /** The log's when it was taken. */
  epoch: string
  state: ShopState
  /** Every event of a channel up to this offset is in the state, and none after it. */
  offsets: Record<FoldedChannel, number>
  /** Orders after this offset are read again at a start, for their buyers' keys: an hour of them at least. */
  keysAfter: number
}

const version = 1

/** A snapshot is due this long after the one before it, in milliseconds. */
const everyMs = 60 * 60_000

/**
 * The newest snapshot in the log. One that holds nothing of a shop is given its first, of a shop before its opening
 * day: so a log that lost everything begins anew, and one that let go of too much is told apart from it.
 */
export async function newestSnapshot(live: Live): Promise<Snapshot> {
  for (;;) {
    const head = await live.channel('snapshots').position()
    const used = await isUsed(live)
    const { events } = await live.channel('snapshots').history({ last: 1 })
    const snapshot = events[0]?.data
    if (snapshot) return assertReadable(snapshot)
    if (used) throw booksIncomplete()
    await live
      .channel('snapshots')
      .publish('snapshot', firstSnapshot(head), { after: head })
      .catch(ignoreConflict)
  }
}

/** What cannot be helped here: the state would be wrong. */
export function booksIncomplete(): Error {
  return new Error(
    'The log has let go of events that no snapshot holds, so what was sold is not known: the shop was closed for longer ' +
      'than its log keeps events. Bring back a copy of the log, or open a new shop on another one.',
  )
}

/**
 * Whether there has been a shop on the log, be its events gone by now: a channel keeps its newest offset, which no
 * other has. Channels that never had an event all answer the same.
 */
async function isUsed(live: Live): Promise<boolean> {
  const names = ['orders', 'stock', 'snapshots'] as const
  return new Set(await Promise.all(names.map((name) => live.channel(name).last()))).size > 1
}

function assertReadable(snapshot: Snapshot): Snapshot {
  if (snapshot.version === version) return snapshot
  throw new Error(`The log holds a snapshot of version ${snapshot.version}, and this shop reads ${version}.`)
}

function firstSnapshot(head: string): Snapshot {
  const offset = offsetOf(head)
  return {
    version,
    epoch: epochOf(head),
    state: emptyShop,
    offsets: offsetsBy(() => offset),
    keysAfter: offset,
  }
}

function offsetsBy(offset: (channel: FoldedChannel) => number): Snapshot['offsets'] {
  const entries = foldedChannels.map((channel) => [channel, offset(channel)])
  return Object.fromEntries(entries) as Snapshot['offsets']
}

/**
 * Makes what puts the state into the log when the newest snapshot is an hour old, so that the log may let go of old
 * events and a start reads an hour at most; and at once when the log has begun a new epoch. Of several shops on one log
 * whoever comes first does it.
 */
export function snapshotTaker(live: Live, book: Book): () => Promise<void> {
  const channel = live.channel('snapshots')
  let dueAt = 0
  let epoch = ''

  return async () => {
    const now = epochOf(book.position('orders'))
    if (Date.now() < dueAt && epoch === now) return
    const before = (await channel.history({ last: 1 })).events[0]
    if (before?.data.epoch === now && before.time + everyMs > Date.now()) {
      dueAt = before.time + everyMs
      epoch = now
      return
    }
    const snapshot = await takeSnapshot(book, before?.data)
    await channel.publish('snapshot', snapshot, { after: before?.id ?? `${now}.0` }).catch(ignoreConflict)
  }
}

/** Another shop was faster. */
function ignoreConflict(error: unknown): void {
  if (!isFairleadError(error) || error.code !== 'conflict') throw error
}

async function takeSnapshot(book: Book, before: Snapshot | undefined): Promise<Snapshot> {
  // Quiet channels, too, are named by a position that the log will not have forgotten by the next snapshot.
  for (const channel of foldedChannels) await book.catchUp(channel)
  return {
    version,
    epoch: epochOf(book.position('orders')),
    state: book.state,
    offsets: offsetsBy((channel) => offsetOf(book.position(channel))),
    keysAfter: before?.offsets.orders ?? 0,
  }
}
