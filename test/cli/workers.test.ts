import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { findTool } from '../../scripts/external-tools.mjs'
import { connect, type TransportName } from '../../src/client/index.ts'
import { hasty } from '../client/fake-server.ts'
import { startRedis } from '../support/redis-server.ts'
import { type CliProcess, runCli, startCli } from './cli-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-workers-'))
})

afterEach(() => rm(folder, { recursive: true }))

/** Starts workers on a free port; the URL of their channels. */
async function startWorkers(count: number, args: string[] = []) {
  const server = startCli(['serve', '--port', '0', '--workers', String(count), ...args], { cwd: folder })
  const origin = await server.until(({ stdout }) => /https?:\/\/[a-z0-9.:[\]]+:\d+/.exec(stdout)?.[0])
  return { server, origin, url: `${origin}/live` }
}

/** The ids of a process's workers: its children that run the same program. */
function workersOf({ pid }: CliProcess): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children.map(Number).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('entry.ts')
    } catch {
      return false
    }
  })
}

const transports: TransportName[] = ['sse', 'websocket', 'long-poll']

/** Readers of one channel, each on a connection of its own; what each has got. */
function readers(url: string, each: number) {
  return transports.flatMap((transport) =>
    Array.from({ length: each }, () => {
      const client = connect(url, { transport, clock: hasty })
      onTestFinished(() => client.close())
      const got: number[] = []
      const loaded = client.channel('demo', { after: 'earliest' })
      loaded.on('n', (data) => void got.push(Number(data)))
      loaded.on('$reset', () => void got.push(Number.NaN))
      return { transport, got }
    }),
  )
}

/** A signal to the primary ends all: readers are told to come back, and the exit code is 0. */
async function assertStops(server: CliProcess, url: string, signal: NodeJS.Signals): Promise<void> {
  const workers = workersOf(server)
  const stream = await fetch(`${url}/demo`, { headers: { accept: 'text/event-stream' } })
  const text = stream.text()
  server.signal(signal)
  expect((await server.done).code).toBe(0)
  expect(await text).toContain('"reason":"drain"')
  for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1)
}

describe('fairlead serve --workers', () => {
  it('serves every reader the same events, whichever worker it reached', async () => {
    const { server, url } = await startWorkers(4)
    expect(server.stdout).toContain('4 workers share the port.')
    expect(workersOf(server)).toHaveLength(4)
    const all = readers(url, 4)
    const answers: { id: string; durability: string }[] = []
    for (const n of upTo(40)) {
      const sent = await fetch(`${url}/demo?event=n`, {
        method: 'POST',
        body: String(n),
        headers: { 'content-type': 'application/json' },
      })
      answers.push((await sent.json()) as { id: string; durability: string })
    }
    expect(new Set(answers.map(({ id }) => id.split('.')[0])).size).toBe(1)
    expect(answers.every(({ durability }) => durability === 'memory')).toBe(true)
    await vi.waitFor(() => {
      for (const { got, transport } of all) expect(got, transport).toEqual(upTo(40))
    }, 10_000)
    await assertStops(server, url, 'SIGINT')
  })

  it('starts a worker again that was killed; its readers come back elsewhere and miss nothing', async () => {
    const { server, url } = await startWorkers(3)
    const all = readers(url, 2)
    const sender = connect(url, { clock: hasty })
    onTestFinished(() => sender.close())
    const demo = sender.channel('demo')
    const before = workersOf(server)
    for (const n of upTo(150)) {
      await demo.send('n', n)
      if (n === 50) process.kill(before[0]!, 'SIGKILL')
    }
    await vi.waitFor(() => {
      for (const { got, transport } of all) expect(got, transport).toEqual(upTo(150))
    }, 15_000)
    await vi.waitFor(() => expect(workersOf(server), server.stderr).toHaveLength(3), 10_000)
    expect(server.stderr).toContain(`A worker (pid ${before[0]}) ended: stopped by SIGKILL.`)
    await assertStops(server, url, 'SIGTERM')
  })

  it('tells once that the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await runCli(['serve', '--workers', '2', '--port', String(port)], {
      cwd: folder,
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `fairlead: Port ${port} on localhost is in use. Take another with --port N; 0 is any free one.\n`,
    })
  })

  it('refuses a log in memory that the file makes, which each worker would have of its own', async () => {
    const home = new URL('../../src/index.ts', import.meta.url).href
    const text = `import { memoryLog } from '${home}'; export default { log: memoryLog() }`
    await writeFile(join(folder, 'fairlead.config.js'), text)
    const { code, stderr } = await runCli(['serve', '--workers', '2', '--port', '0'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr.match(/memoryLog\(\) belongs to one process/g)).toHaveLength(1)
  })

  it('runs the rules of a file in every worker, on the log of the primary, which lasts', async () => {
    const text = `export default { log: 'lmdb:./data',
      channels: { 'chat/*': { read: (who) => who?.id === 'ada', send: 'signed-in' } },
      authenticate: ({ headers }) => ({ id: headers.authorization?.slice(7) }) }`
    await writeFile(join(folder, 'shop.mjs'), text)
    const first = await startWorkers(2, ['shop.mjs'])
    expect(first.server.stdout).toContain('Events are kept in lmdb:./data. 2 workers share the port.')
    const ask = (url: string, name: string, body?: string) =>
      fetch(`${url}/chat/7?${body === undefined ? 'limit=1' : ''}`, {
        ...(body !== undefined && { method: 'POST', body }),
        // Each request on a connection of its own reaches the next worker.
        headers: {
          authorization: `Bearer ${name}`,
          'content-type': 'application/json',
          connection: 'close',
        },
      })
    for (const name of ['ada', 'bob', 'ada', 'bob'])
      expect((await ask(first.url, name)).status).toBe(name === 'ada' ? 200 : 403)
    const sent: { id: string; durability: string }[] = []
    for (const body of ['1', '2'])
      sent.push((await (await ask(first.url, 'bob', body)).json()) as (typeof sent)[0])
    expect(sent.map(({ durability }) => durability)).toEqual(['disk', 'disk'])
    first.server.signal('SIGTERM')
    await first.server.done

    const second = await startWorkers(1, ['shop.mjs'])
    const [epoch, offset] = sent[1]!.id.split('.')
    expect(await (await ask(second.url, 'bob', '3')).json()).toMatchObject({
      id: `${epoch}.${Number(offset) + 1}`,
    })
  })

  it.skipIf(!findTool('redis'))('has each worker open a log on the network', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const { server, url } = await startWorkers(2, ['--log', `${redis.url}?prefix=shop`])
    const all = readers(url, 2)
    const sender = connect(url, { clock: hasty })
    onTestFinished(() => sender.close())
    for (const n of upTo(20)) await sender.channel('demo').send('n', n)
    await vi.waitFor(() => {
      for (const { got, transport } of all) expect(got, transport).toEqual(upTo(20))
    }, 10_000)
    // Without its primary no worker stays.
    const workers = workersOf(server)
    expect(workers).toHaveLength(2)
    server.signal('SIGKILL')
    await vi.waitFor(() => {
      for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
    }, 5_000)
  })
})
