import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { FairleadError } from '../../protocol/index.ts'
import { dataFile } from './data-file.ts'
import { decodeObject, encodeObject } from './format.ts'
import type { Store } from './store.ts'

/** The process that a log belongs to, so that no other one that is given its number can be taken for it. */
interface Owner {
  readonly pid: number
  /** When the process began, as the machine counts; missing where it does not tell. */
  readonly began?: string | undefined
  /** The start of the machine, and the space in which process numbers count; missing where it does not tell. */
  readonly boot?: string | undefined
  readonly space?: string | undefined
  /** The file: what is in a copy of it speaks of another one. */
  readonly inode: string
}

const key = Buffer.from('owner')

/**
 * Makes this process the owner of the log, or throws when another one that lives is. Within a transaction: LMDB lets one
 * process write at a time, so no two can find it free; and an owner that was killed is known to be gone.
 */
export function own(store: Store, path: string): void {
  const self = describeSelf(path)
  const value = store.log.get(key)
  const owner = value && (decodeObject(value, 'the owner of the log') as Owner)
  if (owner && owner.inode === self.inode && lives(owner, self, store)) throw taken(path, owner.pid)
  void store.log.put(key, encodeObject(self))
}

/** Gives the log up. */
export function disown(store: Store): void {
  store.root.transactionSync(() => void store.log.remove(key))
}

export function taken(path: string, pid: number): FairleadError {
  return new FairleadError(
    'unavailable',
    `The log in ${path} is open in process ${pid}, and belongs to one process at a time. Stop that one, use another folder, or share the log: \`fairlead serve --workers N\`, or a log on Redis or NATS.`,
  )
}

function describeSelf(path: string): Owner {
  return {
    pid: process.pid,
    began: beganAt(process.pid),
    boot: readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    space: readOr(() => readlinkSync('/proc/self/ns/pid')),
    inode: `${statSync(dataFile(path), { bigint: true }).ino}`,
  }
}

function lives(owner: Owner, self: Owner, store: Store): boolean {
  if (owner.boot !== self.boot) return false
  // Its number means nothing here (another container): LMDB's own list of who reads is kept by the kernel's locks.
  if (owner.space !== self.space) return hasOtherReader(store)
  if (owner.began !== undefined) return owner.began === beganAt(owner.pid)
  return owner.pid !== process.pid && isRunning(owner.pid) && hasOtherReader(store)
}

/** The first line of the list is its head; ours is in it, too. */
function hasOtherReader(store: Store): boolean {
  store.root.readerCheck()
  const pids = store.root
    .readerList()
    .split('\n')
    .slice(1)
    .map((line) => Number.parseInt(line, 10))
  return pids.some((pid) => pid > 0 && pid !== process.pid)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The 22nd word of what Linux says of a process; the second one may hold spaces, and ends with the last bracket. */
function beganAt(pid: number): string | undefined {
  const stat = readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}

function readOr(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    // Not Linux, or the process is gone.
    return undefined
  }
}
