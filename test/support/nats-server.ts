import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import { findTool } from '../../scripts/external-tools.mjs'

/** How a test's own nats-server is started. */
export interface NatsOptions {
  /** The program. @default the one that `needs('nats')` finds */
  readonly program?: string | undefined
  /** What the streams on disk may take together, in bytes; JetStream sets the limit of each aside at once. @default 64 GiB, a mere number */
  readonly maxFileBytes?: number | undefined
  /** Who may connect. @default everybody */
  readonly user?: { readonly name: string; readonly password: string } | undefined
}

/** A nats-server process with JetStream, on a port and a data folder of its own. */
export interface NatsServer {
  readonly url: string
  readonly port: number
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  /** Ends it at once, as a crash does; its data stays. */
  kill(): Promise<void>
  /** Starts it again on the same port and data; kills it first if it runs. Resolves when JetStream answers. */
  restart(): Promise<void>
  /** Kills it and puts a copy of its data aside, as a backup does. */
  save(): Promise<void>
  /** Kills it and puts the copy in the place of its data: what came after it is gone, as after a power failure. */
  restore(): Promise<void>
  /** Kills it and removes its data. */
  stop(): Promise<void>
}

/** Three servers of one JetStream cluster. */
export interface NatsCluster {
  readonly servers: readonly NatsServer[]
  /** By their names as JetStream tells them, such as the leader of a stream. */
  server(name: string): NatsServer
  stop(): Promise<void>
}

/** Its place in a cluster. */
interface Member {
  readonly name: string
  readonly port: number
  readonly routes: readonly number[]
}

/**
 * A nats-server newer than Debian's, where one was built before; nothing is downloaded here. With Go:
 * `GOBIN=$PWD/.tmp/go/bin go install github.com/nats-io/nats-server/v2@latest`.
 */
export function currentNats(): string | undefined {
  const built = fileURLToPath(new URL('../../.tmp/go/bin/nats-server', import.meta.url))
  return process.env.FAIRLEAD_CURRENT_NATS ?? (existsSync(built) ? built : undefined)
}

/** Why what needs it is skipped. */
export const noCurrentNats =
  'no current nats-server was built; with Go: GOBIN=$PWD/.tmp/go/bin go install github.com/nats-io/nats-server/v2@latest'

/** Starts one server; resolves when JetStream answers. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const [port] = await freePorts(1)
  const server = new NatsProcess(options, port!, await mkdtemp(join(tmpdir(), 'fairlead-nats-')))
  await server.restart()
  return server
}

/** Starts a cluster of three; resolves when JetStream answers on each. */
export async function startNatsCluster(options: NatsOptions = {}): Promise<NatsCluster> {
  const ports = await freePorts(6)
  const routes = ports.slice(3)
  const servers = await Promise.all(
    routes.map(async (port, i) => {
      const member: Member = { name: `n${i}`, port, routes }
      return new NatsProcess(options, ports[i]!, await mkdtemp(join(tmpdir(), 'fairlead-nats-')), member)
    }),
  )
  await Promise.all(servers.map((server) => server.restart()))
  return {
    servers,
    server: (name) => servers[Number(name.slice(1))]!,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

/** A test that breaks off must leave no server behind. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const each of running) each.kill('SIGKILL')
})

class NatsProcess implements NatsServer {
  readonly port: number
  readonly #options: NatsOptions
  readonly #folder: string
  readonly #member: Member | undefined
  #process: ChildProcess | undefined
  #said = ''

  constructor(options: NatsOptions, port: number, folder: string, member?: Member) {
    this.#options = options
    this.port = port
    this.#folder = folder
    this.#member = member
  }

  get url(): string {
    const { user } = this.#options
    const login = user ? `${user.name}:${user.password}@` : ''
    return `nats://${login}127.0.0.1:${this.port}`
  }

  get pid(): number {
    return this.#process!.pid!
  }

  async kill(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async restart(): Promise<void> {
    await this.kill()
    const program = this.#options.program ?? findTool('nats')
    if (!program) throw new Error('nats-server is not installed: npm run setup')
    const file = join(this.#folder, 'nats.conf')
    await writeFile(file, this.#configuration())
    this.#said = ''
    this.#process = spawn(program, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
    const started = this.#process
    running.add(started)
    started.once('exit', () => running.delete(started))
    started.stderr!.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-4_000)
    })
    await this.#ready()
  }

  async save(): Promise<void> {
    await this.kill()
    await rm(this.#aside, { recursive: true, force: true })
    await cp(this.#folder, this.#aside, { recursive: true })
  }

  async restore(): Promise<void> {
    await this.kill()
    await rm(this.#folder, { recursive: true, force: true })
    await cp(this.#aside, this.#folder, { recursive: true })
  }

  async stop(): Promise<void> {
    await this.kill()
    for (const folder of [this.#folder, this.#aside]) await rm(folder, { recursive: true, force: true })
  }

  get #aside(): string {
    return `${this.#folder}-aside`
  }

  #configuration(): string {
    const { user, maxFileBytes = 64 * 1024 ** 3 } = this.#options
    const member = this.#member
    const lines = [
      `listen: "127.0.0.1:${this.port}"`,
      `jetstream { store_dir: "${this.#folder}", max_file_store: ${maxFileBytes}, max_memory_store: 268435456 }`,
    ]
    if (user) lines.push(`authorization { user: "${user.name}", password: "${user.password}" }`)
    if (member) {
      const routes = member.routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
      lines.push(`server_name: "${member.name}"`)
      lines.push(`cluster { name: "c", listen: "127.0.0.1:${member.port}", routes: [${routes}] }`)
    }
    return `${lines.join('\n')}\n`
  }

  /** A server listens before JetStream has read its streams, and a cluster needs a leader first. */
  async #ready(): Promise<void> {
    const end = Date.now() + 20_000
    for (;;) {
      if (await this.#answers()) return
      const { exitCode, signalCode } = this.#process!
      if (exitCode !== null || signalCode !== null || Date.now() > end) {
        throw new Error(`nats-server did not start: ${this.#said}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async #answers(): Promise<boolean> {
    const { user } = this.#options
    try {
      const connection = await connect({
        servers: `127.0.0.1:${this.port}`,
        reconnect: false,
        timeout: 1_000,
        ...(user ? { user: user.name, pass: user.password } : {}),
      })
      try {
        const answer = await connection.request('$JS.API.STREAM.NAMES', '', { timeout: 1_000 })
        return answer.json<{ error?: unknown }>().error === undefined
      } finally {
        await connection.close()
      }
    } catch {
      return false
    }
  }
}

/** Ports that nobody listens on, all held at once so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  await Promise.all(
    servers.map(async (server) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(
    servers.map(async (server) => {
      server.close()
      await once(server, 'close')
    }),
  )
  return ports
}
