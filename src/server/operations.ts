import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Hub } from '../hub/hub.ts'
import { type Listening, listen } from './listen.ts'
import { MetricsText } from './metrics-text.ts'

/** Where those who run a server ask about it: never the port that clients reach. */
export interface OperationsOptions {
  /** The port; 0 takes a free one. */
  readonly port: number
  /** @default '127.0.0.1' */
  readonly host?: string | undefined
}

/**
 * `/healthz` (the process answers), `/readyz` (it takes new work: 503 while it opens its log, cannot reach it, or
 * drains) and `/metrics`, on a port of their own.
 */
export class Operations {
  readonly #hub: () => Hub | undefined
  readonly #server: Server
  #metrics: MetricsText | undefined

  /** `hub` answers `undefined` until the log was opened. */
  constructor(hub: () => Hub | undefined) {
    this.#hub = hub
    this.#server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) =>
      this.#serve(request, response),
    )
  }

  listen(options: OperationsOptions): Promise<Listening> {
    return listen(this.#server, options)
  }

  async close(): Promise<void> {
    this.#metrics?.close()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const read = request.method === 'GET' || request.method === 'HEAD'
    const { status, body, type = 'text/plain' } = read ? this.#answer(request.url ?? '/') : notAllowed
    response.writeHead(status, {
      'content-type': `${type}; charset=utf-8`,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    })
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  #answer(url: string): { status: number; body: string; type?: string } {
    const path = url.replace(/\?.*$/, '')
    if (path === '/healthz') return { status: 200, body: 'ok\n' }
    if (path === '/readyz') {
      const reason = notReady(this.#hub())
      return reason === undefined ? { status: 200, body: 'ready\n' } : { status: 503, body: `${reason}\n` }
    }
    if (path === '/metrics') return this.#metricsNow()
    return { status: 404, body: 'Here are /healthz, /readyz and /metrics.\n' }
  }

  #metricsNow(): { status: number; body: string; type?: string } {
    const hub = this.#hub()
    if (!hub) return { status: 503, body: 'The log is being opened.\n' }
    this.#metrics ??= new MetricsText(hub)
    return { status: 200, body: this.#metrics.render(), type: 'text/plain; version=0.0.4' }
  }
}

const notAllowed = { status: 405, body: 'Only GET and HEAD.\n', type: 'text/plain' }

function notReady(hub: Hub | undefined): string | undefined {
  if (!hub) return 'The log is being opened.'
  if (hub.stopping.aborted) return 'Draining.'
  if (hub.logs.all.some(({ outOfReach }) => outOfReach)) return 'The log is out of reach.'
  return undefined
}
