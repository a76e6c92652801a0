import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line between a client and a server on this machine, that can be cut. */
export interface Line {
  readonly port: number
  /** Cuts every connection that runs over it; new ones go through again at once. */
  cut(): void
  /** While it is down, new connections are cut too. */
  isDown: boolean
  close(): Promise<void>
}

/** On a free port, or in the place of a line that is gone. */
export async function startLine(target: number, port = 0): Promise<Line> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (line.isDown) {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const line: Line = {
    port: (server.address() as AddressInfo).port,
    isDown: false,
    cut() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    async close() {
      line.cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return line
}
