import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { checksum, dataFile } from './data-file.ts'

/**
 * What a note beside the file says of it. A copy that was put back lacks what came after it was made, and its positions
 * must not be taken for those of the events that come now: in doubt the file is a copy, and a new epoch begins.
 */
interface Note {
  /** The random text that was also written into the file when it was opened last. */
  readonly mark: string
  readonly inode: string
  /** Nanoseconds; missing where the file system does not tell. */
  readonly born: string | undefined
  /** When the file last changed in any way, in nanoseconds; missing while the log is open, or was when it was killed. */
  readonly closed?: string
  /** Of the file when it was closed. */
  readonly checksum?: number
}

/** What was seen of a file before it was opened: opening writes to it. */
export interface Sight {
  /** Whether this is the file that was last opened here, under this mark, and not a copy. */
  isSame(mark: string): boolean
  /** Whether it is, by its mark, and yet not what it was when it was closed. */
  isChanged(mark: string): boolean
}

/** Looks at the file of a folder, and at the note beside it. */
export function lookAt(path: string): Sight {
  if (!existsSync(dataFile(path))) return { isSame: () => true, isChanged: () => false }
  const note = readNote(path)
  const now = describe(path, '')
  const untouched = note?.closed === undefined || note.closed === changedAt(path)
  const changed = note?.checksum !== undefined && note.checksum !== checksum(path)
  const bornHere = note?.born === undefined || note.born === now.born
  return {
    isSame: (mark) => note?.mark === mark && note.inode === now.inode && bornHere && untouched,
    isChanged: (mark) => note?.mark === mark && changed,
  }
}

/** Notes that the log was opened under this mark. */
export function noteOpened(path: string, mark: string): void {
  writeNote(path, describe(path, mark))
}

/** Notes that the log was closed: nobody changes the file until it is opened again. */
export function noteClosed(path: string, mark: string): void {
  writeNote(path, { ...describe(path, mark), closed: changedAt(path), checksum: checksum(path) })
}

function describe(path: string, mark: string): Note {
  const { ino, birthtimeNs, ctimeNs } = statSync(dataFile(path), { bigint: true })
  // Where it is not known, it is given as the time of the last change.
  return { mark, inode: `${ino}`, born: birthtimeNs === ctimeNs ? undefined : `${birthtimeNs}` }
}

function changedAt(path: string): string {
  return `${statSync(dataFile(path), { bigint: true }).ctimeNs}`
}

const noteFile = (path: string) => join(path, 'place.json')

function readNote(path: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(noteFile(path), 'utf8')) as Note
  } catch {
    // None, or none that can be read: then the file counts as a copy.
    return undefined
  }
}

function writeNote(path: string, note: Note): void {
  const file = noteFile(path)
  const descriptor = openSync(`${file}.new`, 'w')
  try {
    writeFileSync(descriptor, JSON.stringify(note))
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(`${file}.new`, file)
}
