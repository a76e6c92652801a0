import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSse } from '../../src/testing/wire/sse.ts'
import { openWebSocket } from '../../src/testing/wire/websocket.ts'
import type { CrashRow } from '../crash/row.ts'
import { pause } from '../proxy/patience.ts'
import { startEngine, until } from './engine.ts'
import { freePort } from './free-port.ts'
import { type Served, startServed } from './served.ts'

/** The promises, in milliseconds. */
const toldWithinMs = 5_000
const endedWithinMs = 25_000
const notReadyWithinMs = 500

/** SIGTERM. */
export const row: CrashRow = {
  id: 'sigterm',
  fault: 'SIGTERM while streams are open and a send waits for its handler (3 s); a second SIGTERM',
  promise:
    'not ready at once; streams told within 5 s with `drain`, a jittered delay and connection: close; the send is answered and kept; exit 0 within 25 s; the second leaves at once',
  cycles: { short: 1, full: 3 },
  async run({ cycles, onProgress }) {
    const counts = { stops: 0, told: 0, delays: 0, sendsAnswered: 0, notReadyMs: 0, endedMs: 0, secondMs: 0 }
    const faults: string[] = []
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const folder = mkdtempSync(join(tmpdir(), 'fairlead-sigterm-'))
      try {
        const stopped = await stopOnce(folder)
        counts.stops++
        counts.told += stopped.delays.length
        counts.delays += new Set(stopped.delays).size
        counts.sendsAnswered += stopped.status === 201 ? 1 : 0
        counts.endedMs = Math.max(counts.endedMs, stopped.endedMs)
        counts.notReadyMs = Math.max(counts.notReadyMs, await readiness())
        counts.secondMs = Math.max(counts.secondMs, await secondSignal(folder))
        faults.push(...stopped.faults)
        onProgress(`${cycle} of ${cycles}, ended after ${stopped.endedMs} ms`)
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    }
    if (counts.endedMs > endedWithinMs) faults.push(`it ended after ${counts.endedMs} ms`)
    if (counts.notReadyMs > notReadyWithinMs)
      faults.push(`it was not ready only after ${counts.notReadyMs} ms`)
    if (counts.secondMs > 1_000) faults.push(`a second SIGTERM took ${counts.secondMs} ms`)
    return { counts, faults }
  },
}

async function stopOnce(folder: string) {
  const served = await startServed(folder)
  const faults: string[] = []
  const streams = await Promise.all(
    Array.from({ length: 4 }, (_, i) => openSse(new URL(`/live/feed/${i}`, served.url))),
  )
  const socket = await openWebSocket(new URL('/live/feed/0', served.url))
  const sent = post(new URL('/live/handled/0?event=late', served.url), '{"n":1}')
  await pause(200)
  const began = performance.now()
  served.signal('SIGTERM')
  const byes = await Promise.all([
    ...streams.map(async ({ blocks }) => (await blocks.take('$bye', ({ event }) => event === '$bye')).data!),
    socket.op('bye').then(({ envelope }) => JSON.stringify(envelope)),
  ])
  const toldMs = performance.now() - began
  if (toldMs > toldWithinMs) faults.push(`the last stream was told after ${Math.round(toldMs)} ms`)
  const said = byes.map((text) => JSON.parse(text) as { reason: string; retryMs: number })
  if (said.some(({ reason }) => reason !== 'drain')) faults.push('a bye gave another reason than drain')
  if (streams.some(({ headers }) => headers.connection !== 'close')) faults.push('a stream is kept alive')
  const { code } = await socket.closed
  if (code !== 4200) faults.push(`the WebSocket was closed with ${code}`)
  const answer = await sent
  if (answer.status !== 201) faults.push(`the send in flight was answered with ${answer.status}`)
  if (answer.status === 201 && answer.connection !== 'close') faults.push('its connection was kept alive')
  const exit = await served.ended
  if (exit !== 0) faults.push(`it ended with ${exit}`)
  const endedMs = Math.round(performance.now() - began)
  if (answer.status === 201 && !(await kept(folder, '/live/handled/0'))) faults.push('the send was not kept')
  return { delays: said.map(({ retryMs }) => retryMs), status: answer.status, endedMs, faults }
}

/** Whether the log has an event of the channel when the server is started again. */
async function kept(folder: string, path: string): Promise<boolean> {
  const again = await startServed(folder)
  try {
    const answer = await fetch(new URL(`${path}?after=earliest&limit=10`, again.url))
    return ((await answer.json()) as { events: unknown[] }).events.length === 1
  } finally {
    await leave(again)
  }
}

async function secondSignal(folder: string): Promise<number> {
  const served = await startServed(folder)
  // A send that waits keeps it: without a second signal it would stay for the handler.
  const sent = post(new URL('/live/handled/1', served.url), '{}')
  await pause(200)
  served.signal('SIGTERM')
  await pause(300)
  const began = performance.now()
  served.signal('SIGTERM')
  await served.ended
  await sent
  return Math.round(performance.now() - began)
}

async function leave(served: Served): Promise<void> {
  served.signal('SIGTERM')
  await served.ended
}

/** How long `/readyz` said ready after SIGTERM, in milliseconds. */
async function readiness(): Promise<number> {
  const operationsPort = await freePort()
  const engine = await startEngine({ operationsPort })
  try {
    const sent = post(new URL(`http://127.0.0.1:${engine.port}/live/handled/0`), '{}')
    const ready = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${operationsPort}/readyz`).catch(() => undefined)
      return answer?.status === 200
    }
    if (!(await ready())) throw new Error('It was never ready.')
    engine.signal('SIGTERM')
    const ms = (await until(async () => !(await ready()), 5_000)) ?? Number.POSITIVE_INFINITY
    await sent
    await engine.ended
    return Math.round(ms)
  } finally {
    await engine.kill()
  }
}

/** Answers status 0 when the connection was cut. */
function post(url: URL, body: string): Promise<{ status: number; connection: string | undefined }> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', connection: 'keep-alive' }
    const asked = request(url, { method: 'POST', headers })
    asked.on('error', () => resolve({ status: 0, connection: undefined }))
    asked.on('response', (response: IncomingMessage) => {
      response.resume()
      resolve({ status: response.statusCode ?? 0, connection: response.headers.connection })
    })
    asked.end(body)
  })
}
