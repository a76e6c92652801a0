import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, it } from 'vitest'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { lmdbLog } from '../../src/log/lmdb.ts'
import type { LogOpenOptions } from '../../src/testing/log-cases.ts'
import { runLogCases } from '../../src/testing/log-cases.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-lmdb-'))
const places = new Map<ChannelLog, LogOpenOptions & { readonly path: string }>()
let made = 0

async function open(options: LogOpenOptions & { readonly path: string }): Promise<ChannelLog> {
  const log = lmdbLog(options)
  places.set(log, options)
  return log
}

afterAll(() => rmSync(folder, { recursive: true }))

describe('lmdbLog holds what every log promises', () => {
  runLogCases({
    describe,
    it,
    open: (options) => open({ ...options, path: join(folder, `${made++}`) }),
    reopen: (closed) => open(places.get(closed)!),
    another: 'an LMDB log belongs to one process',
  })
})
