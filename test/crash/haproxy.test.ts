import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { io, type Socket } from 'socket.io-client'
import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/client/index.ts'
import { failuresOf, runThroughHaproxy } from '../proxy/cases.ts'
import { startBehindHaproxy } from '../proxy/fleet.ts'
import { startHaproxy } from '../proxy/haproxy.ts'
import { sharedLogs } from '../proxy/logs.ts'
import { transports } from '../proxy/senders.ts'
import { startSocketIo } from '../proxy/socket-io.ts'
import { needs } from '../support/needs.ts'

const program = needs('haproxy')
const stops: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** Every transport, batches, keys, presence and resume; the whole suite is the row `haproxy-conformance`. */
const inShort = /^(reading|sending|handler|unkept|presence)\//

describe.skipIf(!program).each(sharedLogs)('three servers on $name behind HAProxy, round robin', (kind) => {
  it.skipIf(kind.missing())(
    'hold the conformance cases, whichever a request reaches',
    { timeout: 120_000 },
    async () => {
      const { url, fleet } = await start(kind)
      const results = await runThroughHaproxy(url, (id) => inShort.test(id))
      expect(failuresOf(results)).toEqual([])
      expect(results.length).toBeGreaterThan(100)
      expect([...fleet.failures]).toEqual(['handler: Error: a secret of the application'])
    },
  )

  it.skipIf(kind.missing())('serve clients on each transport in one story', async () => {
    const { url } = await start(kind)
    const clients = transports.map((transport) => connect(`${url}/live`, { transport }))
    stops.push(() => {
      for (const client of clients) client.close()
    })
    const seen = clients.map((client) => {
      const lines: string[] = []
      const story = client.channel('story', { after: 'earliest' })
      story.on('*', (data, { id }) => void lines.push(`${id} ${JSON.stringify(data)}`))
      return lines
    })
    const sends = Array.from({ length: 60 }, (_, n) =>
      clients[n % clients.length]!.channel('story').send('say', { n }),
    )
    const ids = (await Promise.all(sends)).map(({ id }) => id!)
    await expect.poll(() => seen.map(({ length }) => length), { timeout: 10_000 }).toEqual([60, 60, 60])
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).toEqual(seen[0])
    expect(seen[0]!.map((line) => line.split(' ')[0]).sort()).toEqual([...ids].sort())
  })
})

async function start(kind: (typeof sharedLogs)[number]) {
  const log = await kind.start()
  stops.push(() => log.stop())
  const { haproxy, fleet, stop } = await startBehindHaproxy(program!, log.url, 3)
  stops.push(stop)
  return { url: haproxy.url, fleet }
}

describe.skipIf(!program)('the committed configuration', () => {
  it('is accepted by HAProxy as it stands', () => {
    const file = fileURLToPath(new URL('../../examples/haproxy/haproxy.cfg', import.meta.url))
    const { status, stderr } = spawnSync(program!, ['-c', '-f', file], { encoding: 'utf8' })
    expect([status, stderr.includes('[WARNING]')], stderr).toEqual([0, false])
  })
})

describe.skipIf(!program)('Socket.IO’s long-poll, the control', () => {
  it('works with one server behind this HAProxy', async () => {
    const { url } = await startControl(1)
    const socket = open(url)
    await new Promise<void>((resolve, reject) => {
      socket.on('connect', resolve)
      socket.on('connect_error', reject)
    })
    expect(await socket.emitWithAck('ask', 'there?')).toBe('there?')
  })

  it('fails with three: a session lives on the server that made it', async () => {
    const { url } = await startControl(3)
    for (let tried = 0; tried < 5; tried++) {
      const socket = open(url)
      const outcome = await new Promise<string>((resolve) => {
        socket.on('connect', () => resolve('connected'))
        socket.on('connect_error', (error) => resolve(error.message))
      })
      expect(outcome).toMatch(/^xhr p(ost|oll) error$/)
      socket.close()
    }
    const answer = await fetch(`${url}/socket.io/?EIO=4&transport=polling`)
    const { sid } = JSON.parse((await answer.text()).slice(1)) as { sid: string }
    const next = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=${sid}`)
    expect([next.status, await next.json()]).toEqual([400, { code: 1, message: 'Session ID unknown' }])
  })
})

async function startControl(count: number): Promise<{ url: string }> {
  const { ports, stop } = await startSocketIo(count)
  stops.push(stop)
  const haproxy = await startHaproxy(program!, ports)
  stops.push(haproxy.stop)
  return haproxy
}

function open(url: string): Socket {
  const socket = io(url, { transports: ['polling'], reconnection: false, forceNew: true })
  stops.push(() => void socket.close())
  return socket
}
