import { createServer } from '../../server/create-server.ts'

/** The process of `measureConstants`: a server of its own, that says what it costs. */

/** From the parent. */
export type MeasuredOrder =
  | { readonly ref: number; readonly do: 'usage' }
  | { readonly ref: number; readonly do: 'publish'; readonly events: number }

/** To the parent; the first, with `ref` 0, says where the server listens. */
export interface MeasuredReport {
  readonly ref: number
  readonly url: string
  /** Processor time so far, in microseconds. */
  readonly cpu: number
  /** Memory that the program uses, in bytes, after a collection; what the system keeps for sockets is beside it. */
  readonly memory: number
}

const server = createServer({ dev: true, channels: { measure: { read: 'public', send: 'public' } } })
const { url } = await server.listen({ port: 0 })

function report(ref: number): void {
  ;(globalThis as { gc?: () => void }).gc?.()
  const { user, system } = process.cpuUsage()
  const { heapUsed, external } = process.memoryUsage()
  process.send!({ ref, url, cpu: user + system, memory: heapUsed + external } satisfies MeasuredReport)
}

/** A turn for each event: events of one turn would go out as one. */
async function publish(events: number): Promise<void> {
  const channel = server.channel('measure')
  for (let i = 0; i < events; i++) {
    await channel.publish('measured', { number: i, text: 'x'.repeat(80) })
    await new Promise((resolve) => setImmediate(resolve))
  }
}

process.on('message', (order: MeasuredOrder) => {
  const done = order.do === 'publish' ? publish(order.events) : Promise.resolve()
  done.then(
    () => report(order.ref),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exit(1)
    },
  )
})
// The parent is gone: nobody asks any more.
process.on('disconnect', () => process.exit(0))
report(0)
