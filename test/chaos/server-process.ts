import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ServerOrder, ServerReport } from './server.ts'

/** The server of a run, in its own process. */
export interface ServerProcess {
  readonly port: number
  /** Starts numbered events, `rate` a second over all channels. */
  publish(rate: number, channels: readonly string[]): void
  /** Stops them, and answers the last number of each channel. */
  stop(): Promise<Readonly<Record<string, number>>>
  close(): void
}

/** Starts the server and waits until it listens. */
export async function startServer(): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const listening = await report(child, 'listening')
  const order = (what: ServerOrder): boolean => child.send(what)
  return {
    port: listening.port,
    publish: (rate, channels) => void order({ do: 'publish', rate, channels }),
    async stop() {
      const published = report(child, 'published')
      order({ do: 'stop' })
      return (await published).last
    },
    close: () => void child.kill(),
  }
}

function report<K extends ServerReport['is']>(
  child: ChildProcess,
  is: K,
): Promise<Extract<ServerReport, { is: K }>> {
  return new Promise((resolve, reject) => {
    const listen = (said: ServerReport): void => {
      if (said.is !== is) return
      child.off('message', listen)
      resolve(said as Extract<ServerReport, { is: K }>)
    }
    child.on('message', listen)
    child.once('exit', (code) => reject(new Error(`The server's process ended with ${code}.`)))
  })
}
