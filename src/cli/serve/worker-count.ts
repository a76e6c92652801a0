import { availableParallelism } from 'node:os'
import type { ServeConfig } from '../../config/index.ts'

/** How many processes serve; `auto` is one per core. */
export function workerCount({ workers }: Pick<ServeConfig, 'workers'>): number {
  return workers === 'auto' ? availableParallelism() : workers
}
