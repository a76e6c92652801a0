import cluster from 'node:cluster'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodeObject } from '../../src/log/lmdb/format.ts'
import { type LmdbLog, type LmdbLogOptions, lmdbLog } from '../../src/log/lmdb.ts'
import { DiskLog } from '../crash/lmdb-disk.ts'

let folder: string
let path: string
const logs: LmdbLog[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-lmdb-'))
  path = join(folder, 'log')
})

afterEach(async () => {
  await Promise.all(logs.splice(0).map((log) => log.close()))
  rmSync(folder, { recursive: true })
})

function openLog(options: Partial<LmdbLogOptions> = {}): LmdbLog {
  const log = lmdbLog({ path, ...options })
  logs.push(log)
  return log
}

/** The epoch of the log in a folder, which is opened and closed for it. */
async function epochIn(place = path): Promise<string> {
  const log = lmdbLog({ path: place })
  const { epoch } = await log.head()
  await log.append({ channel: 'a', event: 'tick', payload: '0' })
  await log.close()
  return epoch
}

describe('a log belongs to one process', () => {
  it('is refused to a second opener in the same process, until it is closed', async () => {
    const first = openLog()
    expect(() => lmdbLog({ path })).toThrow(/belongs to one process at a time/)
    await first.close()
    openLog()
  })

  it('is refused to another process, and free when that was killed', async () => {
    const other = await DiskLog.open(path)
    await other.append()
    expect(() => lmdbLog({ path })).toThrow(/is open in process \d+, and belongs to one process/)
    await other.kill()
    expect((await openLog().head()).offset).toBe(1)
  })

  it('is refused in a worker of a cluster', () => {
    const { isWorker } = cluster
    Object.assign(cluster, { isWorker: true })
    try {
      expect(() => lmdbLog({ path })).toThrow(TypeError)
    } finally {
      Object.assign(cluster, { isWorker })
    }
  })
})

describe('the epoch', () => {
  it('stays over restarts, and where the folder is moved to', async () => {
    const first = await epochIn()
    expect(await epochIn()).toBe(first)
    renameSync(path, `${path}-moved`)
    expect(await epochIn(`${path}-moved`)).toBe(first)
  })

  it('stays when the process was killed', async () => {
    const other = await DiskLog.open(path)
    await other.append()
    await other.kill()
    const first = await epochIn()
    expect(await epochIn()).toBe(first)
  })

  it('is a new one in a copy of the folder, and where a copy was put back, in whichever way', async () => {
    const first = await epochIn()
    const copy = join(folder, 'copy')
    cpSync(path, copy, { recursive: true })
    expect(await epochIn(copy)).not.toBe(first)
    await epochIn()
    cpSync(copy, path, { recursive: true, force: true })
    const second = await epochIn()
    expect(second).not.toBe(first)
    cpSync(join(copy, 'data.mdb'), join(path, 'data.mdb'), { force: true })
    expect(await epochIn()).not.toBe(second)
  })

  it('is a new one after a back-up was put back, with all that was in it', async () => {
    const log = openLog()
    const { offset, epoch } = await log.append({ channel: 'a', event: 'tick', payload: '1' }, { key: 'k' })
    const copy = join(folder, 'back-up')
    await log.backup(copy)
    await log.append({ channel: 'a', event: 'tick', payload: '2' })
    await expect(log.backup(copy)).rejects.toThrow(/choose an empty folder/)
    await log.close()
    rmSync(path, { recursive: true })
    renameSync(copy, path)
    const restored = openLog()
    expect(await restored.head()).toEqual({ epoch: expect.not.stringMatching(epoch), offset })
    const again = await restored.append({ channel: 'a', event: 'tick', payload: '1' }, { key: 'k' })
    expect(again).toMatchObject({ offset, repeated: true })
  })
})

describe('a file that cannot be read is refused, and stays', () => {
  it.each([
    ['that is empty', Buffer.alloc(0), /its file is empty.*put a back-up in its place/],
    ['that is not of LMDB', Buffer.alloc(50_000, 'x'), /its file is not one of LMDB.*Nothing was deleted/],
  ])('%s', (_, bytes, message) => {
    mkdirSync(path)
    writeFileSync(join(path, 'data.mdb'), bytes)
    expect(() => lmdbLog({ path })).toThrow(message)
    expect(() => lmdbLog({ path })).toThrow(message)
  })

  it('that a newer version wrote', async () => {
    await epochIn()
    const root = open({ path, noSubdir: false, encoding: 'binary', overlappingSync: false })
    const log = root.openDB({ name: null as unknown as string, encoding: 'binary', keyEncoding: 'binary' })
    await log.put(Buffer.from('\x01state'), encodeObject({ format: 2 }))
    await root.close()
    rmSync(join(path, 'place.json'))
    expect(() => lmdbLog({ path })).toThrow(/written in format 2 by a newer version of fairlead/)
  })
})

describe('what is kept is bounded', () => {
  it('keys: one more is refused as busy', async () => {
    const log = openLog({ keys: 3 })
    const append = (key: string) => log.append({ channel: 'a', event: 'tick', payload: '0' }, { key })
    const results = await Promise.allSettled(['a', 'b', 'c', 'd', 'a'].map(append))
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    await expect(append('e')).rejects.toMatchObject({ code: 'busy' })
  })

  it('bytes: the oldest go, and the newest stays however large it is', async () => {
    const log = openLog({ bytes: 10_000 })
    for (let i = 0; i < 30; i++) await log.append({ channel: 'a', event: 'tick', payload: 'x'.repeat(900) })
    await expect.poll(async () => (await log.channelHead('a')).earliest).toBeGreaterThan(15)
    await log.append({ channel: 'a', event: 'tick', payload: 'x'.repeat(50_000) })
    await expect.poll(async () => (await log.channelHead('a')).earliest).toBe(30)
  })

  it('is no number below 0', () => {
    expect(() => lmdbLog({ path, events: -1 })).toThrow(RangeError)
  })
})
