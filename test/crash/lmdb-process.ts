import { lmdbLog } from '../../src/log/lmdb.ts'
import { createServer } from '../../src/server/create-server.ts'

/** A server on an LMDB log that publishes numbered events until it is killed. Run by `lmdb-kill.ts`. */

/** To the parent. */
export type KillReport =
  | { readonly is: 'listening'; readonly port: number }
  /** These events were acknowledged: their numbers and ids. */
  | { readonly is: 'acknowledged'; readonly events: readonly (readonly [n: number, id: string])[] }

const inFlight = 16

const [path, port, first, count] = process.argv.slice(2)
const server = createServer({ dev: true, heartbeatMs: 1000, pingMs: 1000, log: lmdbLog({ path: path! }) })
// The parent is gone: so is the run.
process.on('disconnect', () => process.exit(0))

const listening = await server.listen({ port: Number(port), host: '127.0.0.1' })
tell({ is: 'listening', port: listening.port })

let n = Number(first)
const end = n + Number(count)
let acknowledged: [number, string][] = []
if (n > 0) for (let i = 0; i < inFlight; i++) void publish()

async function publish(): Promise<void> {
  while (n < end) {
    const number = n++
    const { id } = await server.channel(`orders/${number % 3}`).publish('tick', { n: number })
    if (acknowledged.push([number, id!]) === 1) setImmediate(flush)
  }
}

function flush(): void {
  tell({ is: 'acknowledged', events: acknowledged })
  acknowledged = []
}

function tell(report: KillReport): void {
  process.send!(report)
}
