import type { Count } from '../chaos/tally.ts'
import type { ClientsLook, ClientsOrder, ClientsSetup } from './clients.ts'
import type { ReadersOrder } from './readers.ts'
import type { Look, ServerOrder, ServerSetup } from './server.ts'
import { type ProcessOptions, startTalking, type Talking } from './talk.ts'

/** The server's process. */
export interface Engine extends Talking<ServerOrder> {
  readonly port: number
  look(): Promise<Look>
  /** Stops publishing; answers the last number of a channel. */
  stop(channel: string): Promise<number>
}

/** Starts a server. */
export async function startEngine(setup: ServerSetup = {}, options?: ProcessOptions): Promise<Engine> {
  const process = await startTalking<ServerOrder>('server.ts', setup, options)
  return Object.assign(process, {
    port: (process.ready as { port: number }).port,
    look: () => process.ask<Look>({ do: 'look' }),
    stop: async (channel: string) =>
      (await process.ask<Record<string, number>>({ do: 'stop' }))[channel] ?? 0,
  })
}

/** Clients of the SDK, in a process. */
export interface Clients extends Talking<ClientsOrder> {
  look(): Promise<ClientsLook>
  count(last: number): Promise<Count>
}

/** Starts clients. */
export async function startClients(setup: ClientsSetup, options?: ProcessOptions): Promise<Clients> {
  const process = await startTalking<ClientsOrder>('clients.ts', setup, options)
  return Object.assign(process, {
    look: () => process.ask<ClientsLook>({ do: 'look' }),
    count: (last: number) => process.ask<Count>({ do: 'count', last }),
  })
}

/** Starts readers without our client. */
export function startReaders(options?: ProcessOptions): Promise<Talking<ReadersOrder>> {
  return startTalking<ReadersOrder>('readers.ts', {}, options)
}

/** Now, on the clock that all processes of a machine share, in milliseconds. */
export function monotonicMs(): number {
  return Number(globalThis.process.hrtime.bigint() / 1_000_000n)
}

/** Waits until `done`; answers how long it took, in milliseconds, and `undefined` when it did not come about. */
export async function until(
  done: () => boolean | Promise<boolean>,
  patienceMs = 30_000,
): Promise<number | undefined> {
  for (const began = performance.now(); ; ) {
    if (await done()) return performance.now() - began
    if (performance.now() - began > patienceMs) return undefined
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Waits for every client to have all events up to `last`; answers the count and what is wrong with it. */
export async function caughtUp(
  clients: Clients,
  last: number,
  patienceMs = 60_000,
): Promise<{ count: Count; faults: string[] }> {
  await until(async () => (await clients.look()).highest.every((n) => n >= last), patienceMs)
  const count = await clients.count(last)
  const { faults } = await clients.look()
  const wrong = (['lost', 'repeated', 'disordered'] as const).filter((name) => count[name] > 0)
  return { count, faults: [...faults, ...wrong.map((name) => `${count[name]} events ${name}`)] }
}
