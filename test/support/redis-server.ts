import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool } from '../../scripts/external-tools.mjs'

/** How a redis-server of a test is started. */
export interface RedisServerOptions {
  /** When its append-only file is synced; `off`: what it holds ends with it. @default 'off' */
  readonly aof?: 'off' | 'no' | 'everysec' | 'always'
  /** Makes it a replica of the server at this port of the machine. */
  readonly replicaOf?: number
  /** Makes it a node of a cluster, without any slots yet. */
  readonly cluster?: boolean
  /** More of its configuration, such as `{ maxmemory: '8mb' }`. */
  readonly config?: Readonly<Record<string, string>>
}

/** A redis-server that a test has started, with a port and a folder of its own. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** The present process; changes with each restart. */
  readonly pid: number
  /** Ends the process as `kill -9` does. What it wrote to files stays. */
  kill(): Promise<void>
  /** Starts it after `kill` on the same port, with what is in its folder. */
  start(): Promise<void>
  /** `kill` and `start`. */
  restart(): Promise<void>
  /** Holds the process up as `kill -STOP` does: connections stay and nothing is answered. */
  pause(): void
  resume(): void
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

const host = '127.0.0.1'
/** How long a server may take until it takes connections, in milliseconds. */
const startLimitMs = 20_000
/** A port that was free may be taken before the server has it. */
const tries = 5

/** Starts a redis-server on a free port; resolves when it takes commands. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const program = findTool('redis')
  if (program === undefined) throw new Error('There is no redis-server here: npm run setup installs it.')
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-redis-'))
  for (let tried = 1; ; tried++) {
    const server = new RedisProcess(program, folder, await freePort(), await freePort(), options)
    try {
      await server.start()
      return server
    } catch (error) {
      if (tried < tries && String(error).includes('Address already in use')) continue
      await server.stop()
      throw error
    }
  }
}

class RedisProcess implements RedisServer {
  readonly port: number
  readonly #program: string
  readonly #folder: string
  readonly #busPort: number
  readonly #options: RedisServerOptions
  #child: ChildProcess | undefined
  readonly #killAtExit = () => void this.#child?.kill('SIGKILL')

  constructor(program: string, folder: string, port: number, busPort: number, options: RedisServerOptions) {
    this.#program = program
    this.#folder = folder
    this.port = port
    this.#busPort = busPort
    this.#options = options
  }

  get url(): string {
    return `redis://${host}:${this.port}`
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error('The server does not run.')
    return pid
  }

  async start(): Promise<void> {
    if (this.#child) throw new Error('The server runs.')
    const child = spawn(this.#program, this.#arguments, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    process.once('exit', this.#killAtExit)
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
      process.off('exit', this.#killAtExit)
    })
    try {
      await readiness(child)
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (!child) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async restart(): Promise<void> {
    await this.kill()
    await this.start()
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP')
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT')
  }

  async stop(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #arguments(): string[] {
    const { aof = 'off', replicaOf, cluster, config = {} } = this.#options
    const settings: Record<string, string> = {
      port: `${this.port}`,
      bind: host,
      dir: this.#folder,
      save: '',
      appendonly: aof === 'off' ? 'no' : 'yes',
      appendfsync: aof === 'off' ? 'no' : aof,
      // A replica is served at once, not when others may have come, too.
      'repl-diskless-sync-delay': '0',
    }
    if (replicaOf !== undefined) settings.replicaof = `${host} ${replicaOf}`
    if (cluster) {
      settings['cluster-enabled'] = 'yes'
      settings['cluster-port'] = `${this.#busPort}`
      settings['cluster-node-timeout'] = '2000'
    }
    return Object.entries({ ...settings, ...config }).flatMap(([name, value]) => [
      `--${name}`,
      // Redis takes an argument with blanks for several.
      ...(value === '' ? [''] : value.split(' ')),
    ])
  }
}

/** Resolves when the server says that it takes connections. */
function readiness(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (why: string) => reject(new Error(`redis-server ${why}: ${said.slice(-2_000)}`))
    const timer = setTimeout(() => fail(`did not start within ${startLimitMs} ms`), startLimitMs)
    child.once('exit', (code) => fail(`ended with ${code}`))
    child.once('error', reject)
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (text: Buffer) => {
        // Read on for ever, or the server would stand still when the pipe is full.
        if (said.length < 100_000) said += text
        if (!said.includes('Ready to accept connections')) return
        clearTimeout(timer)
        resolve()
      })
    }
  })
}

/** A port that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A cluster of masters without replicas, with all slots spread over them. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[]
  readonly ports: readonly number[]
  stop(): Promise<void>
}

const slots = 16_384

/** Starts a cluster; resolves when each node takes all slots for served. */
export async function startRedisCluster(size = 3): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: size }, () => startRedis({ cluster: true })))
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    await form(nodes)
  } catch (error) {
    await stop()
    throw error
  }
  return { nodes, ports: nodes.map(({ port }) => port), stop }
}

async function form(nodes: readonly RedisServer[]): Promise<void> {
  const { Redis } = await import('ioredis')
  const clients = nodes.map(({ port }) => new Redis({ port, host }))
  try {
    const busPorts = await Promise.all(
      clients.map(async (client) => ((await client.config('GET', 'cluster-port')) as string[])[1]!),
    )
    await Promise.all(
      clients.map((client, i) => {
        const first = Math.floor((i * slots) / nodes.length)
        const last = Math.floor(((i + 1) * slots) / nodes.length) - 1
        return client.call('CLUSTER', 'ADDSLOTSRANGE', `${first}`, `${last}`)
      }),
    )
    for (const [i, client] of clients.entries()) await client.call('CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`)
    for (const [i, { port }] of nodes.entries()) {
      if (i > 0) await clients[0]!.call('CLUSTER', 'MEET', host, `${port}`, busPorts[i]!)
    }
    const deadline = Date.now() + startLimitMs
    for (const client of clients) await formed(client, nodes.length, deadline)
  } finally {
    for (const client of clients) client.disconnect()
  }
}

async function formed(
  client: { call(command: string, ...args: string[]): Promise<unknown> },
  size: number,
  deadline: number,
): Promise<void> {
  for (;;) {
    const info = String(await client.call('CLUSTER', 'INFO'))
    if (info.includes('cluster_state:ok') && info.includes(`cluster_size:${size}`)) return
    if (Date.now() > deadline) throw new Error(`The cluster was not formed: ${info}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
