import { statfsSync } from 'node:fs'
import { FairleadError } from '../../protocol/index.ts'

/** ENOSPC, EDQUOT, and LMDB's own word for a map that cannot grow. */
const full: readonly unknown[] = [28, 122, -30_792]
/** EIO: also what LMDB says when only a part of a page was written, because the disk is full. */
const inputOutput = 5
/** Less room than this is none: a commit takes several pages. */
const noRoomBytes = 64 * 1024

/** Why a commit failed. */
export interface CommitFailure {
  /** There was no room, so nothing was written; with room it goes on. Otherwise nobody knows what the disk holds. */
  readonly full: boolean
  readonly error: FairleadError
}

/** Finds out why a commit failed: lmdb tells that in another promise, which nobody else waits for. */
export async function commitFailure(thrown: unknown, folder: string): Promise<CommitFailure> {
  const cause = await reasonOf(thrown)
  const code = codeOf(cause)
  if (full.includes(code) || (code === inputOutput && !hasRoom(folder))) {
    const message =
      'The disk that the log is on is full: nothing was stored. Make room, and it goes on by itself.'
    return { full: true, error: new FairleadError('storage_full', message, { cause }) }
  }
  return { full: false, error: failStop(cause) }
}

/** What every append is answered after a write has failed. */
export function failStop(cause: unknown): FairleadError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `The log could not be written (${reason}), so it takes nothing more; whether the last appends are on disk is not known. Check the disk, then restart the server.`
  return new FairleadError('unavailable', message, { cause })
}

async function reasonOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error && 'commitError' in thrown)) return thrown
  try {
    await thrown.commitError
    return thrown
  } catch (reason) {
    return reason
  }
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined
}

function hasRoom(folder: string): boolean {
  const { bavail, bfree, bsize } = statfsSync(folder)
  // A part of the disk is kept back for root.
  return (process.getuid?.() === 0 ? bfree : bavail) * bsize >= noRoomBytes
}
