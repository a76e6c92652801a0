import { once } from 'node:events'
import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { systemClock } from '../../src/hub/clock.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { createServer, type FairleadServer } from '../../src/server/create-server.ts'
import type { ServerOptions } from '../../src/server/options.ts'

/** Delays that are spread by chance are the shortest they can be: 1.5 s after a cut, 0.5 s after a `$bye`. */
const impatientClock = { ...systemClock, random: () => 0 }

/** Every page keeps what it throws and does not catch in `window.uncaught`. */
const blank = `<!doctype html><meta charset="utf-8"><title>A page</title><script>
  window.uncaught = []
  addEventListener('error', ({ error }) => uncaught.push(String(error)))
  addEventListener('unhandledrejection', ({ reason }) => uncaught.push(String(reason)))
</script>`
declare global {
  interface Window {
    uncaught: string[]
  }
}

const pages: Readonly<Record<string, string>> = {
  '/': blank,
  '/other': blank,
  '/client': `${blank}<script type="module">
    import { connect } from '/live/_client.js'
    window.connect = connect
  </script>`,
}

/** What a site is made of. `options` are asked for at each start. */
export interface SiteParts {
  readonly options: () => ServerOptions
  /** What `GET /state` answers, as JSON: the application's own endpoint. */
  readonly state?: (fairlead: FairleadServer) => Promise<object>
  /** Whether each connection carries one request, so that the browser keeps no idle one. @default false */
  readonly oneRequestEach?: boolean
}

interface Running {
  readonly http: Server
  readonly fairlead: FairleadServer
  readonly sockets: ReadonlySet<Socket>
}

/** A small web site with Fairlead attached to its `node:http` server; it can be stopped and started on the same port. */
export class Site {
  readonly #parts: SiteParts
  #running: Running | undefined
  #port = 0

  /** Starts on a free port. */
  static async start(parts: SiteParts): Promise<Site> {
    const site = new Site(parts)
    await site.start()
    return site
  }

  private constructor(parts: SiteParts) {
    this.#parts = parts
  }

  get port(): number {
    return this.#port
  }

  /** Without a slash at the end. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** The Fairlead server of this start. */
  get fairlead(): FairleadServer {
    if (!this.#running) throw new Error('The site is not running.')
    return this.#running.fairlead
  }

  /** Starts, or starts again on the port it had. */
  async start(): Promise<void> {
    const { options, state, oneRequestEach = false } = this.#parts
    const fairlead = createServer({ clock: impatientClock, log: memoryLog(), ...options() })
    const http = createHttpServer((request, response) => {
      if (request.url === '/state' && state) void serveState(state(fairlead), response)
      else servePage(request.url ?? '', response)
    })
    if (oneRequestEach) http.maxRequestsPerSocket = 1
    const sockets = new Set<Socket>()
    http.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    fairlead.attach(http)
    http.listen(this.#port, '127.0.0.1')
    await once(http, 'listening')
    this.#port = (http.address() as AddressInfo).port
    this.#running = { http, fairlead, sockets }
  }

  /** Stops as a deploy does: takes no more connections, tells the streams to come back, and waits for them to go. */
  async drain(): Promise<void> {
    await this.#stop(({ http }) => http.closeIdleConnections())
  }

  /** Stops as a power cut does: no last words. */
  async kill(): Promise<void> {
    await this.#stop(({ sockets }) => {
      for (const socket of sockets) socket.resetAndDestroy()
    })
  }

  async #stop(end: (running: Running) => void): Promise<void> {
    const running = this.#running
    if (!running) return
    this.#running = undefined
    const { http, fairlead } = running
    const closed = once(http, 'close')
    http.close()
    end(running)
    await fairlead.close()
    http.closeAllConnections()
    await closed
  }
}

function servePage(path: string, response: ServerResponse): void {
  const page = pages[path]
  response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(page)
}

async function serveState(state: Promise<object>, response: ServerResponse): Promise<void> {
  const text = JSON.stringify(await state)
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(text)
}
