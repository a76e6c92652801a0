import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../src/testing/clock.ts'
import type { CrashOptions, CrashResult, CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { needs } from '../support/needs.ts'
import { type Clients, caughtUp, type Engine, startClients, startEngine, until } from './engine.ts'

const channel = 'here/0'
const heartbeatMs = 2_000
const everyMs = 1_000

/** A server whose wall clock jumps, while its monotonic clock goes on. */
export const row: CrashRow = {
  id: 'clock-jump',
  fault:
    'the server’s wall clock jumps by ±10 s and ±1 h every second (libfaketime, wall clock alone), under 50 events/s and in quiet',
  promise:
    'no stream is cut, heartbeats go on, no member is gone early, no offset is given twice or falls; 0 lost, 0 twice, 0 out of order',
  cycles: { short: 6, full: 60 },
  missing: () => (library() ? undefined : 'faketime not found: npm run setup'),
  async run(options) {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-clock-'))
    const file = join(folder, 'offset')
    writeFileSync(file, '+0s\n')
    const env = {
      LD_PRELOAD: library()!,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    const engine = await startEngine({ heartbeatMs, pingMs: 2_000 }, { env })
    const url = `http://127.0.0.1:${engine.port}/live`
    const transports = ['sse', 'websocket', 'long-poll'] as const
    const clients = await startClients({ url, channel, transports, presence: true })
    try {
      return await jump(engine, clients, file, options)
    } finally {
      await clients.kill()
      await engine.kill()
      rmSync(folder, { recursive: true })
    }
  },
}

async function jump(
  engine: Engine,
  clients: Clients,
  file: string,
  { seed, cycles, onProgress }: CrashOptions,
): Promise<CrashResult> {
  const random = seededRandom(seed)
  const offsets = [10, -10, 3_600, -3_600]
  const faults: string[] = []
  let fewest = Number.POSITIVE_INFINITY
  await until(async () => (await members(engine.port)) === 3)
  for (let cycle = 1; cycle <= cycles; cycle++) {
    // In quiet stretches heartbeats alone keep the streams.
    const busy = Math.floor((cycle - 1) / 10) % 2 === 0
    if (busy) await engine.ask({ do: 'publish', channels: [channel], rate: 50 })
    else await engine.stop(channel)
    const offset = offsets[Math.floor(random() * offsets.length)]!
    writeFileSync(file, `${offset > 0 ? '+' : ''}${offset}s\n`)
    await pause(everyMs)
    fewest = Math.min(fewest, await members(engine.port))
    if (cycle % 10 === 0) onProgress(`${cycle} of ${cycles}, ${fewest} members at least`)
  }
  // Two intervals of the watchdog with nothing but heartbeats.
  await engine.stop(channel)
  await pause(2 * heartbeatMs + 1_000)
  const end = await caughtUp(clients, await engine.stop(channel))
  const kills = (await clients.look()).cuts.reduce((sum, n) => sum + n, 0)
  if (kills > 0) faults.push(`${kills} streams were cut`)
  if (fewest < 3) faults.push(`${fewest} of 3 members were left`)
  const counts = { jumps: cycles, kills, members: fewest, ...end.count }
  return { counts, faults: [...faults, ...end.faults, ...(await engine.look()).errors] }
}

async function members(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/live/_presence/${channel}`)
  return ((await answer.json()) as { members: string[] }).members.length
}

/** Debian has it in the folder of its architecture. */
function library(): string | undefined {
  if (!needs('faketime')) return undefined
  return readdirSync('/usr/lib')
    .map((folder) => `/usr/lib/${folder}/faketime/libfaketimeMT.so.1`)
    .find((path) => existsSync(path))
}
