import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoadSettings, startLoader } from '../../bench/harness/loader.ts'
import { compressed, subjects } from '../../bench/harness/subjects.ts'
import { findLocalServer } from '../../src/load/local-server.ts'
import { stamp } from '../../src/load/tally.ts'
import { createServer } from '../../src/server/create-server.ts'
import { needs } from '../support/needs.ts'

const cc = process.platform === 'linux' ? needs('cc') : undefined
const server = createServer({
  channels: { 'c/*': { read: 'public' }, inbox: { read: 'public', send: 'public' } },
})
const folder = mkdtempSync(join(tmpdir(), 'fairlead-load-'))
const program = join(folder, 'load')
let port = 0

beforeAll(async () => {
  port = (await server.listen({ port: 0 })).port
  if (!cc) return
  const source = new URL('../../bench/load/load.c', import.meta.url).pathname
  execFileSync(cc, ['-O1', '-Wall', '-Wextra', '-Werror', '-o', program, source])
})

afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

async function publish(channel: `c/${string}`, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const at = `@${String(stamp()).padStart(16, '0')}`
    await server.channel(channel).publish('tick', { at, pad: 'x'.repeat(i * 40) })
  }
}

describe.skipIf(!cc)('the load program', () => {
  it.each(['sse', 'websocket'] as const)(
    'counts every event over %s, and how late it came',
    async (transport) => {
      const load = startLoader(port, { ...subjects.fairlead.opening(transport), channels: 2 }, program)
      expect(await load.open(40)).toMatchObject({ open: 40, failed: 0 })
      // Payloads from 40 bytes to 8 KiB: stamps are cut by reads, and heads have both lengths.
      await publish('c/0', 200)
      await publish('c/1', 200)
      const counts = await load.wait(8000, 10_000)
      expect(counts).toMatchObject({ events: 8000, fewest: 200, most: 200, stamped: 8000 })
      expect(counts.p50).toBeLessThanOrEqual(counts.max)
      expect(counts.max).toBeLessThan(10_000_000)
      expect(await load.cut()).toMatchObject({ open: 0 })
      expect(await load.open(3)).toMatchObject({ open: 3 })
      load.close()
    },
  )

  it('counts whole messages by their heads, where their content is compressed', async () => {
    const opening: LoadSettings = { ...compressed(subjects.fairlead.opening('websocket')), mark: 'frames' }
    const load = startLoader(port, opening, program)
    await load.open(5)
    await load.wait(5, 5_000) // The heartbeats.
    await load.reset()
    await publish('c/0', 100)
    expect(await load.wait(500, 10_000)).toMatchObject({ events: 500 })
    load.close()
  })

  it('keeps sends on their way until all are answered', async () => {
    const send = '{"op":"send","ref":{n},"channel":"inbox","event":"say","data":{"n":{n}}}'
    const request = subjects.fairlead.opening('websocket').request.replace('/live/c/{i}', '/live')
    const load = startLoader(port, { request, send, frame: true, mark: '"op":"ok"' }, program)
    await load.open(1)
    expect(await load.sends(300, 16, 10_000)).toMatchObject({ events: 300 })
    load.close()
  })

  it('says why a connection was not opened', async () => {
    const request = subjects.fairlead.opening('sse').request.replace('/live/c/{i}', '/live/_no')
    const load = startLoader(port, { request }, program)
    const { open, failed, failure } = await load.open(1)
    expect({ open, failed }).toEqual({ open: 0, failed: 1 })
    expect(failure).toContain('HTTP/1.1 404')
    load.close()
  })
})

describe.skipIf(process.platform !== 'linux')('a server on this machine', () => {
  it('is found by its port, with the time and the memory it took', () => {
    const found = findLocalServer(port)
    expect(found?.pid).toBe(process.pid)
    expect(found?.cpuUs()).toBeGreaterThan(0)
    expect(found?.memory()).toBeGreaterThan(1 << 20)
    expect(findLocalServer(1)).toBeUndefined()
  })
})
