import { Agent, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { stamp } from '../../src/load/tally.ts'

/**
 * The process that publishes: it asks for so many events at each tick of a fixed pace. A stamp is the time at which a
 * tick was *due*: when the publisher or the server is late, the delay of those events grows, as it does for people.
 */

/** From the harness. */
export interface PublishOrder {
  readonly how: 'control' | 'nchan' | 'centrifugo'
  readonly port: number
  readonly ticks: number
  readonly ticksPerSecond: number
  readonly perTick: number
  readonly channels: number
  /** Each tick publishes to one of the channels, the next one in turn, and not to all. */
  readonly inTurn: boolean
  /** Bytes of a payload, at least 60. */
  readonly size: number
}

/** Publishes to the channels of a tick: those from `from` to before `to`. */
type Publish = (order: PublishOrder, due: string, from: number, to: number) => void

let line: { port: number; socket: Socket } | undefined
const agent = new Agent({ keepAlive: true, maxSockets: 50 })

function control({ port, perTick, size }: PublishOrder, due: string, from: number, to: number): void {
  if (line?.port !== port) {
    line?.socket.destroy()
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.on('error', () => {})
    line = { port, socket }
  }
  line.socket.write(`${from} ${to} ${perTick} ${size} ${due}\n`)
}

/** A POST an event, several at once: Nchan knows no batch. */
function nchan({ port, perTick, size }: PublishOrder, due: string, from: number, to: number): void {
  const body = payload(size, due)
  for (let channel = from; channel < to; channel++) {
    for (let i = 0; i < perTick; i++) post(port, `/pub/${channel}`, body)
  }
}

/** One batch a tick: what Centrifugo's documentation advises for many publishes. */
function centrifugo({ port, perTick, size }: PublishOrder, due: string, from: number, to: number): void {
  const data = payload(size, due)
  const commands: string[] = []
  for (let channel = from; channel < to; channel++) {
    for (let i = 0; i < perTick; i++) commands.push(`{"publish":{"channel":"c${channel}","data":${data}}}`)
  }
  post(port, '/api/batch', `{"commands":[${commands.join(',')}]}`)
}

const ways: Readonly<Record<PublishOrder['how'], Publish>> = { control, nchan, centrifugo }

function payload(size: number, due: string): string {
  return `{"at":"@${due}","pad":"${'x'.repeat(Math.max(0, size - 37))}"}`
}

function post(port: number, path: string, body: string): void {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const asked = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers })
  asked.on('response', (response) => {
    if (response.statusCode! >= 300) process.stderr.write(`A publish was answered ${response.statusCode}.\n`)
    response.resume()
  })
  asked.on('error', (error) => process.stderr.write(`A publish failed: ${error.message}\n`))
  asked.end(body)
}

function run(order: PublishOrder): Promise<void> {
  const began = stamp() + 20_000
  const everyUs = 1_000_000 / order.ticksPerSecond
  let tick = 0
  return new Promise((resolve) => {
    const step = (): void => {
      const now = stamp()
      for (; tick < order.ticks && began + tick * everyUs <= now; tick++) {
        const due = String(Math.round(began + tick * everyUs)).padStart(16, '0')
        const from = order.inTurn ? tick % order.channels : 0
        ways[order.how](order, due, from, order.inTurn ? from + 1 : order.channels)
      }
      if (tick === order.ticks) return resolve()
      setTimeout(step, Math.max(0, Math.floor((began + tick * everyUs - stamp()) / 1000)))
    }
    step()
  })
}

process.on('message', (order: PublishOrder) => {
  run(order).then(() => process.send!('done'), process.exit)
})
process.on('disconnect', () => process.exit(0))
