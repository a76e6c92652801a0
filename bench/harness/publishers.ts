import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PublishOrder } from './publisher.ts'

/** The process that publishes. */
export interface Publishers {
  /** Resolves when every tick was sent. */
  run(order: PublishOrder): Promise<void>
  close(): void
}

/** Starts it, on the core of the harness. */
export function startPublishers(): Publishers {
  const child = fork(fileURLToPath(new URL('publisher.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  })
  return {
    async run(order) {
      child.send(order)
      await once(child, 'message')
    },
    close: () => void child.kill(),
  }
}
