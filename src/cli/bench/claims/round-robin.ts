import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A proxy that hands each request, and each handshake, to the next server: nothing sticks. */
export interface RoundRobin {
  readonly port: number
  close(): void
}

/** Starts one before servers on these ports of this machine. */
export async function startRoundRobin(ports: readonly number[]): Promise<RoundRobin> {
  let turn = 0
  const next = (): number => ports[turn++ % ports.length]!
  const server = createServer((asked, response) => passRequest(asked, response, next()))
  server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) =>
    passUpgrade(asked, socket, head, next()),
  )
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function passRequest(asked: IncomingMessage, response: ServerResponse, port: number): void {
  const { method, url, headers } = asked
  const upstream = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.on('error', () => response.destroy())
    answer.pipe(response)
  })
  upstream.on('error', () => response.destroy())
  response.on('close', () => upstream.destroy())
  asked.pipe(upstream)
}

/** The handshake is written again as it came, and bytes are passed from there on. */
function passUpgrade(asked: IncomingMessage, socket: Socket, head: Buffer, port: number): void {
  const upstream = connect({ port, host: '127.0.0.1' })
  const lines = [`${asked.method} ${asked.url} HTTP/1.1`]
  for (let i = 0; i < asked.rawHeaders.length; i += 2)
    lines.push(`${asked.rawHeaders[i]}: ${asked.rawHeaders[i + 1]}`)
  upstream.write(`${lines.join('\r\n')}\r\n\r\n`)
  upstream.write(head)
  for (const [one, other] of [
    [socket, upstream],
    [upstream, socket],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
    one.pipe(other)
  }
}
