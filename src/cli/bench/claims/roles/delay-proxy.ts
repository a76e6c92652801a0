import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { serveActions } from '../role.ts'

/** A wire of some length: hands bytes on after a delay, in order, and counts them. */

let up = 0
let down = 0

function pass(from: Socket, to: Socket, delayMs: number, count: (bytes: number) => void): void {
  from.on('data', (chunk) => {
    count(chunk.length)
    // Timers of one length fire in the order in which they were set.
    if (delayMs > 0) setTimeout(() => to.writable && to.write(chunk), delayMs)
    else to.write(chunk)
  })
  from.on('error', () => to.destroy())
  from.on('close', () => to.destroy())
}

const actions = {
  /** Half of the round trip is waited on each way. */
  async listen({ target, roundTripMs }: { target: number; roundTripMs: number }): Promise<{ port: number }> {
    const server = createServer({ noDelay: true }, (client) => {
      const upstream = connect({ port: target, host: '127.0.0.1', noDelay: true })
      pass(client, upstream, roundTripMs / 2, (bytes) => {
        up += bytes
      })
      pass(upstream, client, roundTripMs / 2, (bytes) => {
        down += bytes
      })
    })
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
    return { port: (server.address() as AddressInfo).port }
  },
  bytes: (): { up: number; down: number } => ({ up, down }),
}

/** Of the process. */
export type DelayProxy = typeof actions

serveActions(actions)
