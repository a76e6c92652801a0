import type { Channels } from '../../src/hub/channels.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { createServer } from '../../src/server/create-server.ts'

/**
 * A server in a process of its own, told what to do by its parent: it publishes numbered events at a steady rate, and
 * has a handler that takes 0 to 20 ms. Run by `server-process.ts`.
 */

/** From the parent. */
export type ServerOrder =
  | { readonly do: 'publish'; readonly rate: number; readonly channels: readonly string[] }
  | { readonly do: 'stop' }

/** To the parent. */
export type ServerReport =
  | { readonly is: 'listening'; readonly port: number }
  /** The last number published on each channel. */
  | { readonly is: 'published'; readonly last: Readonly<Record<string, number>> }

const tickMs = 2

const channels: Channels = {
  'delayed/*': {
    onSend: async (send) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20))
      await send.publish()
      return { handled: send.data }
    },
  },
}

// Nothing is trimmed however long the run: at its end the log is asked for every send.
const log = memoryLog({ bytes: 1024 ** 3 })
const server = createServer({ dev: true, heartbeatMs: 1000, pingMs: 1000, channels, log })

const last: Record<string, number> = {}
let timer: NodeJS.Timeout | undefined
const publishing = new Set<Promise<unknown>>()

function startPublishing(rate: number, channels: readonly string[]): void {
  for (const channel of channels) last[channel] = 0
  const began = performance.now()
  let made = 0
  timer = setInterval(() => {
    // By the clock, so that a late tick makes up for itself.
    for (const due = ((performance.now() - began) * rate) / 1000; made < due; made++) {
      const channel = channels[made % channels.length]!
      const n = ++last[channel]!
      const done = server.channel(channel).publish('tick', { n, item: 'a lead for a line', total: 45.99 })
      publishing.add(done)
      done.finally(() => publishing.delete(done)).catch(() => process.exit(1))
    }
  }, tickMs)
}

async function stopPublishing(): Promise<void> {
  clearInterval(timer)
  await Promise.all(publishing)
  process.send!({ is: 'published', last } satisfies ServerReport)
}

process.on('message', (order: ServerOrder) => {
  if (order.do === 'publish') startPublishing(order.rate, order.channels)
  else void stopPublishing()
})
// The parent is gone: so is the run.
process.on('disconnect', () => process.exit(0))

const { port } = await server.listen({ port: 0 })
process.send!({ is: 'listening', port } satisfies ServerReport)
