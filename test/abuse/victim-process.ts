import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { keys, keysVariable } from './signed-tokens.ts'
import type { Measured, ServerName, VictimOrder, VictimReport } from './victim.ts'

/** The process of the abused servers. */
export interface Victim {
  readonly ports: Readonly<Record<ServerName, number>>
  /** What it holds now; rejects when the process has ended: then an input has brought it down. */
  measure(): Promise<Measured>
  /** A ticket of the server that verifies tokens, for its channel `news`. */
  ticket(): Promise<string>
  /** What the process wrote to its standard output and error. */
  readonly output: string
  close(): void
}

/** Starts the servers and waits until they listen. */
export async function startVictim(): Promise<Victim> {
  const child = fork(fileURLToPath(new URL('victim.ts', import.meta.url)), {
    env: { ...process.env, [keysVariable]: JSON.stringify(keys) },
    execArgv: ['--import', 'tsx', '--expose-gc'],
    silent: true,
  })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString()
      process.stderr.write(text)
    })
  }
  const { ports } = await report(child, 'listening')
  let turn: Promise<unknown> = Promise.resolve()
  const ask = <K extends 'measured' | 'ticket'>(order: VictimOrder, is: K) => {
    const next = turn.then(() => {
      const answer = report(child, is)
      child.send(order)
      return answer
    })
    turn = next.catch(() => {})
    return next
  }
  return {
    ports,
    get output() {
      return output
    },
    measure: () => ask('measure', 'measured'),
    ticket: async () => (await ask('ticket', 'ticket')).ticket,
    close: () => void child.kill(),
  }
}

function report<K extends VictimReport['is']>(
  child: ChildProcess,
  is: K,
): Promise<Extract<VictimReport, { is: K }>> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      child.off('message', listen)
      child.off('exit', ended)
    }
    const listen = (said: VictimReport): void => {
      if (said.is !== is) return
      stop()
      resolve(said as Extract<VictimReport, { is: K }>)
    }
    const ended = (code: number | null): void => {
      stop()
      reject(new Error(`The server's process ended with ${code}.`))
    }
    child.on('message', listen)
    child.on('exit', ended)
    if (child.exitCode !== null) ended(child.exitCode)
  })
}
