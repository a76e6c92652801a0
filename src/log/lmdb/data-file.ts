import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { FairleadError } from '../../protocol/index.ts'
import { whatToDo } from './damage.ts'

/** Where LMDB keeps what, in each of the two pages that say so: the newer one counts. */
const at = { magic: 24, pageSize: 48, lastPage: 144, transaction: 152 }
const headBytes = 160
const magic = 0xbeefc0de
/** So much of the file is compared with what it was when it was closed, in bytes: some 50 ms. */
const comparedBytes = 64 * 1024 * 1024
const chunkBytes = 1024 * 1024

/** The file in a log's folder that holds everything. */
export function dataFile(path: string): string {
  return join(path, 'data.mdb')
}

/** Throws when the file cannot be what was written: LMDB itself would read beyond its end and take the process along. */
export function assertWhole(path: string): void {
  const file = dataFile(path)
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) return
  const reason = withFile(file, (descriptor) => fault(descriptor, size))
  if (reason !== undefined) throw notWhole(path, reason)
}

export function notWhole(path: string, reason: string): FairleadError {
  return new FairleadError('unavailable', `The log in ${path} cannot be opened: ${reason}. ${whatToDo}`)
}

/** A checksum of the file's size and its first 64 MiB. */
export function checksum(path: string): number {
  const file = dataFile(path)
  return withFile(file, (descriptor) => {
    const chunk = Buffer.alloc(chunkBytes)
    let sum = crc32(`${statSync(file).size}`)
    for (let position = 0; position < comparedBytes; position += chunkBytes) {
      const read = readSync(descriptor, chunk, 0, chunkBytes, position)
      if (read === 0) break
      sum = crc32(chunk.subarray(0, read), sum)
    }
    return sum
  })
}

function fault(descriptor: number, size: number): string | undefined {
  if (size === 0) return 'its file is empty'
  const first = headAt(descriptor, 0)
  if (first.readUInt32LE(at.magic) !== magic) return 'its file is not one of LMDB'
  const pageSize = first.readUInt32LE(at.pageSize)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    return 'its first page is damaged'
  const second = headAt(descriptor, pageSize)
  if (second.readUInt32LE(at.magic) !== magic) return 'its second page is damaged'
  const newer =
    second.readBigUInt64LE(at.transaction) > first.readBigUInt64LE(at.transaction) ? second : first
  const pages = newer.readBigUInt64LE(at.lastPage) + 1n
  if (pages * BigInt(pageSize) > BigInt(size)) return 'its file is shorter than it was'
  return undefined
}

function headAt(descriptor: number, position: number): Buffer {
  const bytes = Buffer.alloc(headBytes)
  readSync(descriptor, bytes, 0, headBytes, position)
  return bytes
}

function withFile<T>(file: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(file, 'r')
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
