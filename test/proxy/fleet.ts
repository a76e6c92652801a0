import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Haproxy, startHaproxy } from './haproxy.ts'
import type { FleetReport } from './server.ts'

/** Some servers on one log, each in a process of its own. */
export interface Fleet {
  readonly servers: readonly FleetServer[]
  /** What the servers reported as failed, each once. */
  readonly failures: ReadonlySet<string>
  stop(): Promise<void>
}

/** One server, which keeps its port through restarts. */
export interface FleetServer {
  readonly port: number
  /** Without a path. */
  readonly url: string
  /** Ends it as a deploy does: it closes its streams and then itself. */
  terminate(): Promise<void>
  /** Ends it at once. */
  kill(): Promise<void>
  /** Starts it again after its end; resolves when it listens. */
  start(): Promise<void>
}

/** Starts `count` servers on the log at `url`; resolves when all listen. */
export async function startFleet(url: string, count: number): Promise<Fleet> {
  const failures = new Set<string>()
  const servers = Array.from({ length: count }, () => new ServerProcess(url, (what) => failures.add(what)))
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.kill()))
  }
  try {
    // The first one makes what the log needs.
    await servers[0]!.start()
    await Promise.all(servers.slice(1).map((server) => server.start()))
  } catch (error) {
    await stop()
    throw error
  }
  return { servers, failures, stop }
}

/** The same with HAProxy in front. */
export async function startBehindHaproxy(
  program: string,
  url: string,
  count: number,
): Promise<{ fleet: Fleet; haproxy: Haproxy; stop(): Promise<void> }> {
  const fleet = await startFleet(url, count)
  try {
    const haproxy = await startHaproxy(
      program,
      fleet.servers.map(({ port }) => port),
    )
    return {
      fleet,
      haproxy,
      async stop() {
        await haproxy.stop()
        await fleet.stop()
      },
    }
  } catch (error) {
    await fleet.stop()
    throw error
  }
}

const main = fileURLToPath(new URL('server.ts', import.meta.url))

class ServerProcess implements FleetServer {
  port = 0
  readonly #log: string
  readonly #onFailure: (what: string) => void
  #child: ChildProcess | undefined

  constructor(log: string, onFailure: (what: string) => void) {
    this.#log = log
    this.#onFailure = onFailure
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  start(): Promise<void> {
    const env = { ...process.env, FAIRLEAD_TEST_LOG: this.#log, FAIRLEAD_TEST_PORT: `${this.port}` }
    const child = fork(main, { env, execArgv: ['--import', 'tsx'] })
    this.#child = child
    return new Promise((resolve, reject) => {
      child.on('message', (report: FleetReport) => {
        if (report.is === 'failed') return this.#onFailure(report.what)
        this.port = report.port
        resolve()
      })
      child.once('exit', (code, signal) => reject(new Error(`A server ended with ${signal ?? code}.`)))
    })
  }

  terminate(): Promise<void> {
    return this.#end('SIGTERM')
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }
}
