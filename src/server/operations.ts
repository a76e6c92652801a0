import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Hub } from '../hub/hub.ts'
import { type Listening, listen } from './listen.ts'
import { renderMetrics } from './metrics-text.ts'
import { notReady } from './not-ready-reason.ts'
import { ProcessMetrics } from './process-metrics.ts'

/** Where those who run a server ask about it: never the port that clients reach. */
export interface OperationsOptions {
  /** The port; 0 takes a free one. */
  readonly port: number
  /** @default '127.0.0.1' */
  readonly host?: string | undefined
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly type?: string
}

/**
 * `/healthz` (the process answers), `/readyz` (it takes new work: 503 while it opens its log, cannot reach it, sheds load
 * or drains) and `/metrics`, on a port of their own: answered however full the other one is.
 */
export class Operations {
  readonly #hub: () => Hub | undefined
  readonly #server: Server
  readonly #process = new ProcessMetrics()
  #closing = false

  /** `hub` answers `undefined` until the log was opened. */
  constructor(hub: () => Hub | undefined) {
    this.#hub = hub
    this.#server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
  }

  listen(options: OperationsOptions): Promise<Listening> {
    return listen(this.#server, options)
  }

  /** The server begins to stop: it is not ready from now on, though it answers to the end. */
  stopping(): void {
    this.#closing = true
  }

  async close(): Promise<void> {
    this.#process.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = request.method === 'GET' || request.method === 'HEAD'
    const { status, body, type = 'text/plain' } = read ? await this.#answer(request.url ?? '/') : notAllowed
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  async #answer(url: string): Promise<Answer> {
    const path = url.replace(/\?.*$/, '')
    if (path === '/healthz') return { status: 200, body: 'ok\n' }
    if (path === '/readyz') {
      const reason = this.#closing ? 'Draining.' : notReady(this.#hub())
      return reason === undefined ? { status: 200, body: 'ready\n' } : { status: 503, body: `${reason}\n` }
    }
    if (path === '/metrics') return this.#metrics()
    return { status: 404, body: 'Here are /healthz, /readyz and /metrics.\n' }
  }

  async #metrics(): Promise<Answer> {
    const hub = this.#hub()
    if (!hub) return { status: 503, body: 'The log is being opened.\n' }
    const body = renderMetrics(hub, await this.#process.read())
    return { status: 200, body, type: 'text/plain; version=0.0.4' }
  }
}

const notAllowed: Answer = { status: 405, body: 'Only GET and HEAD.\n' }
