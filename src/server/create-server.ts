import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isLocalHost, OriginPolicy } from '../access/origin.ts'
import type { TicketRequest } from '../access/tickets.ts'
import { trustedProxy } from '../access/trusted-proxy.ts'
import type { Channels } from '../hub/channels.ts'
import type { Hub } from '../hub/hub.ts'
import { Limits } from '../hub/limits.ts'
import type { Whom } from '../hub/orders.ts'
import type { ByeReason, ChannelNameIn, EventsIn } from '../protocol/index.ts'
import { type ServerChannel, serverChannel } from './application.ts'
import { attachTo, type Taker } from './attach.ts'
import type { Edge } from './edge.ts'
import { watchFlows } from './flow-report.ts'
import { InFlight } from './in-flight.ts'
import { createOwnServer, type Listening, type ListenOptions, listen, type Unreadable } from './listen.ts'
import { memoryUsed } from './memory-used.ts'
import { NotReady } from './not-ready.ts'
import { Opening } from './opening.ts'
import { Operations } from './operations.ts'
import { type ServerOptions, settle } from './options.ts'
import { isUnanswerable } from './problem.ts'
import { ownPath, type Routes, serveRequest } from './routes.ts'
import { configurationLine, openedLine } from './start-lines.ts'
import { statusOf } from './status.ts'
import { dated } from './ticket-route.ts'
import { Upgrades } from './upgrade.ts'

/** A Fairlead server: one log, its channels served over SSE, WebSocket and long-poll. */
export interface FairleadServer<C extends Channels = Channels> {
  /** A channel, for the application's own use; typed by the declaration. */
  channel<Name extends ChannelNameIn<C>>(name: Name): ServerChannel<EventsIn<C, Name>>
  /** Shares an application's `node:http` server: what is below the base path is answered, all else left alone. */
  attach(server: Server): void
  /** Takes one request; `false` when it is not below the base path. For frameworks that hand requests over. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Takes one upgrade; `false` when it is not below the base path. */
  handleUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): boolean
  /**
   * Listens on a port of its own. Development mode refuses any address but this machine's loopback. Waits for a log that
   * is out of reach, and rejects after 15 seconds with a message that names it.
   */
  listen(options: ListenOptions): Promise<Listening>
  /** What is connected and what flows, as on `_status`. */
  status(): unknown
  /**
   * Ends the connections of a user, a client or an address, on every server of the log, within a second. Whoever it is
   * may come back, unless the reason is `revoked`, after which a WebSocket does not.
   */
  disconnect(whom: Whom, reason?: ByeReason): Promise<void>
  /**
   * Ends what a user has open on every server of the log, and voids tokens and tickets issued before now: for 24 hours
   * at most, and on a memory log until its process ends. So let no token live longer than a day.
   */
  revoke(user: string): Promise<void>
  /** Makes a ticket for a native EventSource or WebSocket. It does not ask whether they may read: ask first. */
  ticket(request: TicketRequest): string
  /** Tells every stream to come back later, ends them, and closes the log. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes a server. Throws `TypeError` on options that cannot be; nothing listens yet. */
export function createServer<const C extends Channels>(options: ServerOptions<C> = {}): FairleadServer<C> {
  // The class knows any channels; the declaration's types are the caller's view of it.
  const server: FairleadServer<Channels> = new AssembledServer(settle(options))
  return server as unknown as FairleadServer<C>
}

/**
 * How long sends have to be answered when the server stops, in milliseconds: with all the rest of it less than the 25 s
 * within which a process is gone.
 */
const answersMs = 20_000

/** What answers once the log is open. */
interface Assembled {
  readonly routes: Routes
  readonly upgrades: Upgrades
}

/** The one place where the parts meet. */
class AssembledServer implements FairleadServer {
  readonly #options: ReturnType<typeof settle>
  readonly #limits: Limits
  readonly #opening: Opening
  readonly #edge: Edge
  readonly #notReady: NotReady
  readonly #routes: Promise<Assembled>
  readonly #detach: (() => void)[] = []
  readonly #taker: Taker = {
    request: (request, response) => this.handle(request, response),
    upgrade: (request, socket, head) => this.handleUpgrade(request, socket, head),
  }
  readonly #unreadable: Unreadable = {
    refused: (address, error) => {
      this.#limits.refused(this.#peer(address), error)
      this.#hub?.metrics.refusals.add(error.code)
    },
    turnedAway: (address) => this.#limits.turnedAway(this.#peer(address)),
  }
  readonly #own: Server[] = []
  readonly #inFlight: InFlight
  #hub: Hub | undefined
  #assembled: Assembled | undefined
  #operations: Operations | undefined
  #closing: Promise<void> | undefined

  constructor(options: ReturnType<typeof settle>) {
    const { dev, origins, trustProxy } = options
    this.#options = options
    this.#edge = {
      dev,
      origins: new OriginPolicy({ origins, localOnly: dev }),
      proxies: trustedProxy(trustProxy),
    }
    this.#notReady = new NotReady(this.#edge, options.clock)
    this.#inFlight = new InFlight(options.clock)
    this.#limits = new Limits(options.limits, options.clock, memoryUsed)
    this.#opening = new Opening(options, this.#limits)
    this.#routes = this.#opening.hub.then((hub) => this.#assemble(hub))
    this.#routes.catch(() => {}) // Whoever uses the server is told.
    options.logger.info(configurationLine(options), 'Fairlead starts')
  }

  channel(name: string): ServerChannel {
    return serverChannel(() => this.#opening.soon(), name)
  }

  attach(server: Server): void {
    this.#detach.push(attachTo(server, this.#taker))
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = ownPath(this.#options.base, request)
    if (path === undefined) return false
    if (isUnanswerable(response)) return true // And is not done, for nobody would know.
    this.#inFlight.add(response)
    const routes = this.#assembled?.routes
    const served = routes
      ? serveRequest(routes, request, response, path)
      : this.#soon().then((soon) => serveRequest(soon.routes, request, response, path))
    served.catch((error: unknown) => this.#notReady.request(request, response, error))
    return true
  }

  handleUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): boolean {
    const path = ownPath(this.#options.base, request)
    if (path === undefined) return false
    // Before anything is awaited: a reset on a socket without a listener ends the process.
    socket.on('error', destroy)
    this.#soon()
      .then(({ upgrades }) => upgrades.serve(request, socket, head, path))
      .catch((error: unknown) => this.#notReady.upgrade(request, socket, head, error))
    return true
  }

  async listen(options: ListenOptions): Promise<Listening> {
    const { host = '127.0.0.1' } = options
    if (this.#options.dev && !isLocalHost(host === '::1' ? '[::1]' : host)) {
      throw new TypeError(
        `Development mode listens on 127.0.0.1 or ::1 alone, not on ${host}: declare channels with rules.`,
      )
    }
    await this.#openOperations()
    await this.#opening.started()
    const server = createOwnServer(this.#taker, this.#options.clock, options, this.#unreadable)
    const listening = await listen(server, options)
    this.#own.push(server)
    this.#options.logger.info({ event: 'listening', url: listening.url }, 'requests are answered')
    return listening
  }

  status(): unknown {
    return this.#hub ? statusOf(this.#hub) : { state: 'opening' }
  }

  async disconnect(whom: Whom, reason: ByeReason = 'unavailable'): Promise<void> {
    this.#options.logger.warn({ event: 'disconnect', ...whom, reason }, 'connections are ordered to end')
    await (await this.#opening.soon()).orders.disconnect(whom, reason)
  }

  async revoke(user: string): Promise<void> {
    this.#options.logger.warn({ event: 'revoke', user }, 'a user is revoked')
    await (await this.#opening.soon()).orders.revoke(user)
  }

  ticket(request: TicketRequest): string {
    const { tickets, clock } = this.#options
    if (!tickets)
      throw new TypeError('This server gives no tickets: createServer({ tickets: tickets({ keys }) }).')
    return tickets.issue({ ...request, who: dated(request.who, clock.now()) })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Who is at the other end of a socket, where nothing of a request could be read. */
  #peer(remoteAddress: string | undefined): string | undefined {
    return this.#edge.proxies.resolve({ remoteAddress, headers: {} }).address
  }

  /** Before the log is open: whoever asks whether the server is alive must not wait for it. */
  async #openOperations(): Promise<void> {
    const { operations } = this.#options
    if (!operations || this.#operations) return
    this.#operations = new Operations(() => this.#hub)
    const { url } = await this.#operations.listen(operations)
    this.#options.logger.info({ event: 'operations', url }, 'health and metrics are answered')
  }

  /** The routes, for a request, which waits a while for a log that is out of reach. */
  async #soon(): Promise<Assembled> {
    await this.#opening.soon()
    return this.#routes
  }

  #assemble(hub: Hub): Assembled {
    this.#hub = hub
    this.#detach.push(watchFlows(hub, this.#options.trustProxy === false))
    this.#options.logger.info(openedLine(hub), 'the log is open')
    const routes = { hub, edge: this.#edge, options: this.#options, status: () => this.status() }
    this.#assembled = { routes, upgrades: new Upgrades(routes) }
    return this.#assembled
  }

  async #close(): Promise<void> {
    this.#operations?.stopping()
    const hub = await this.#opening.stop()
    const closed = this.#own.map((server) => new Promise((resolve) => server.close(resolve)))
    this.#inFlight.stop()
    for (const server of this.#own) server.closeIdleConnections()
    // A stream has a second to take its last words; what is left then is cut.
    await hub?.drain(1_500)
    await this.#inFlight.finished(answersMs)
    for (const server of this.#own) server.closeAllConnections()
    await Promise.all(closed)
    for (const detach of this.#detach) detach()
    await hub?.close()
    await this.#operations?.close()
    this.#options.logger.info({ event: 'closed' }, 'the server was closed')
  }
}

/** One for all sockets: what a listener of each could see, the request among it, would be kept for as long as the socket. */
function destroy(this: Socket): void {
  this.destroy()
}
