import { setTimeout as wait } from 'node:timers/promises'
import { stamp } from '../../../../load/tally.ts'
import { createServer, type FairleadServer } from '../../../../server/create-server.ts'
import { serveActions } from '../role.ts'

/** One Fairlead server, and a channel for the readers of each transport. */

let server: FairleadServer | undefined

const actions = {
  async listen(): Promise<{ url: string }> {
    const unlimited = { messagesPerSecond: false, bytesPerSecond: false } as const
    server = createServer({
      channels: { 'load/*': { read: 'public' } },
      // All load comes from one address.
      limits: { connection: unlimited, address: { ...unlimited, connections: false } },
    }) as unknown as FairleadServer
    const { url } = await server.listen({ port: 0, host: '127.0.0.1' })
    return { url: `${url}/live` }
  },
  /** Events at an even pace, each stamped. */
  async publish(what: { channel: string; count: number; perSecond: number; bytes: number }): Promise<void> {
    for (let i = 0; i < what.count; i++) {
      if (i > 0) await wait(1000 / what.perSecond)
      const pad = 'x'.repeat(Math.max(0, what.bytes - 34))
      await server?.channel(what.channel).publish('tick', { sent: stamp(), pad })
    }
  },
}

/** Of the process. */
export type FairleadRole = typeof actions

serveActions(actions)
