import { findTool } from '../../scripts/external-tools.mjs'
import { startNats } from '../support/nats-server.ts'
import { startRedis } from '../support/redis-server.ts'

/** A log that several servers share, on a server of its own. */
export interface SharedLog {
  readonly url: string
  stop(): Promise<void>
}

/** A kind of log for servers on several machines. */
export interface SharedLogKind {
  readonly name: 'Redis' | 'NATS'
  /** Why it cannot be started here, or `undefined`. */
  missing(): string | undefined
  start(): Promise<SharedLog>
}

/** The logs that servers on several machines share. */
export const sharedLogs: readonly SharedLogKind[] = [
  {
    name: 'Redis',
    missing: () => missing('redis'),
    start: async () => {
      const redis = await startRedis()
      return { url: redis.url, stop: () => redis.stop() }
    },
  },
  {
    name: 'NATS',
    missing: () => missing('nats'),
    start: async () => {
      const nats = await startNats()
      return { url: nats.url, stop: () => nats.stop() }
    },
  },
]

/** Why something that needs these programs cannot be run here, or `undefined`. */
export function missing(...tools: readonly Parameters<typeof findTool>[0][]): string | undefined {
  const left = tools.filter((tool) => findTool(tool) === undefined)
  return left.length === 0 ? undefined : `${left.join(' and ')} not found: npm run setup`
}
