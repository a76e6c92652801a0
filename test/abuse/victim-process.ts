import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measured, ServerName, VictimOrder, VictimReport } from './victim.ts'

/** The process of the abused servers. */
export interface Victim {
  readonly ports: Readonly<Record<ServerName, number>>
  /** What it holds now; rejects when the process has ended: then an input has brought it down. */
  measure(): Promise<Measured>
  close(): void
}

/** Starts the servers and waits until they listen. */
export async function startVictim(): Promise<Victim> {
  const child = fork(fileURLToPath(new URL('victim.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '--expose-gc'],
  })
  const { ports } = await report(child, 'listening')
  let turn: Promise<unknown> = Promise.resolve()
  return {
    ports,
    measure() {
      const next = turn.then(() => {
        const measured = report(child, 'measured')
        child.send('measure' satisfies VictimOrder)
        return measured
      })
      turn = next.catch(() => {})
      return next
    },
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
