import type { ConnectionOptions, Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node'
import { type Clock, systemClock } from '../../hub/clock.ts'
import { FairleadError } from '../../protocol/index.ts'
import { type Deadline, outOfReach } from './deadline.ts'

/** The optional peer package. */
type NatsPackage = typeof import('@nats-io/transport-node')

/** Where NATS is. */
export interface NatsPlace {
  /** One or more of a cluster; `nats://user:password@host:4222`, a token in place of the user, `tls://` for TLS. */
  readonly servers?: string | readonly string[] | undefined
  /** The application's own connection, which is not closed with the log; it should reconnect for ever. */
  readonly connection?: NatsConnection | undefined
}

/** What a link tells of its connection. */
export interface LinkEvents {
  /** It is there, for the first time or again; what was subscribed to is so again. */
  up(): void
  down(): void
}

/** Why a request has no answer. */
export class RequestFailure extends Error {
  /** Nobody was there to take it, so nothing was done; or it is not known what was done. */
  readonly notTaken: boolean

  constructor(notTaken: boolean, cause: unknown) {
    super(notTaken ? 'No stream took the message.' : 'No answer came.', { cause })
    this.notTaken = notTaken
  }
}

/** The pause between two attempts to connect, in milliseconds. */
const reconnectMs = 250
/** A connection that is not made by then is tried again, in milliseconds: a stalled line must not hold the next try up. */
const connectTimeoutMs = 2_000
/** What is still to be sent when a log is closed has so long, in milliseconds. */
const farewellMs = 500
/** A line on which nothing comes back is given up after three of these, in milliseconds. */
const pingMs = 2_000

/** A connection to NATS that is made in the background, and made again whenever it is lost. */
export class NatsLink {
  readonly #place: NatsPlace
  readonly #clock: Clock
  readonly #events: LinkEvents
  #package: NatsPackage | undefined
  #connection: NatsConnection | undefined
  #isUp = false
  #closed = false
  /** Fatal: such as a package that is not installed. */
  #failed: FairleadError | undefined
  /** Told when the connection goes down: those who wait for an answer over it. */
  readonly #inFlight = new Set<(lost: Error) => void>()
  #waiting = new Set<() => void>()

  constructor(place: NatsPlace, events: LinkEvents, clock: Clock = systemClock) {
    this.#place = place
    this.#events = events
    this.#clock = clock
    void this.#run()
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Whether the server that this is connected to is at least of this version, such as 2.12. */
  isAtLeast(major: number, minor: number): boolean {
    const [itsMajor = 0, itsMinor = 0] = (this.#connection?.info?.version ?? '').split('.').map(Number)
    return itsMajor > major || (itsMajor === major && itsMinor >= minor)
  }

  /** Resolves when there is a connection. Throws `unavailable` when there is none in time. */
  async connected(deadline: Deadline): Promise<void> {
    while (!this.#isUp) {
      if (this.#failed) throw this.#failed
      if (this.#closed) throw closed()
      await deadline.race(new Promise<void>((resolve) => this.#waiting.add(resolve)))
    }
  }

  /** One request and its answer. Throws `RequestFailure`, or `unavailable` when there is no connection in time. */
  async request(
    subject: string,
    payload: string | Uint8Array,
    deadline: Deadline,
    headers?: MsgHdrs,
    timeoutMs = Number.POSITIVE_INFINITY,
  ): Promise<Msg> {
    await this.connected(deadline)
    const timeout = Math.max(1, Math.min(deadline.left, timeoutMs))
    try {
      const answer = this.#connection!.request(subject, payload, { timeout, ...(headers ? { headers } : {}) })
      return await this.#whileUp(answer)
    } catch (error) {
      throw requestFailure(error)
    }
  }

  publish(
    subject: string,
    payload: string | Uint8Array,
    options?: { reply?: string; headers?: MsgHdrs },
  ): void {
    if (this.#isUp) this.#connection!.publish(subject, payload, options)
  }

  /** Subscribes on the present connection, and on each that is made later. */
  subscribe(subject: string, take: (message: Msg) => void): Subscription {
    return this.#connection!.subscribe(subject, {
      callback: (error, message) => {
        if (!error) take(message)
      },
    })
  }

  /** Resolves when the server has seen all that was sent before. */
  async flush(deadline: Deadline): Promise<void> {
    await this.connected(deadline)
    try {
      await deadline.race(this.#whileUp(this.#connection!.flush()))
    } catch (error) {
      throw outOfReach(error)
    }
  }

  headers(values: Readonly<Record<string, string>>): MsgHdrs {
    const made = this.#package!.headers()
    for (const [name, value] of Object.entries(values)) made.set(name, value)
    return made
  }

  inbox(): string {
    return this.#package!.createInbox()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#isUp) await this.#sendAll()
    this.#setDown()
    this.#wake()
    if (!this.#place.connection) await this.#connection?.close()
  }

  /** Last words reach the server, unless that takes long. */
  async #sendAll(): Promise<void> {
    const sent = this.#whileUp(this.#connection!.flush()).catch(() => {})
    await Promise.race([sent, new Promise<void>((resolve) => this.#clock.after(farewellMs, resolve))])
  }

  async #run(): Promise<void> {
    try {
      this.#package = await import('@nats-io/transport-node')
    } catch (cause) {
      this.#fail('The log on NATS needs a package: npm install @nats-io/transport-node', cause)
      return
    }
    while (!this.#closed && !this.#failed) {
      const connection = await this.#connect(this.#package)
      if (!connection) continue
      this.#connection = connection
      if (this.#closed) {
        if (!this.#place.connection) await connection.close()
        return
      }
      this.#setUp()
      await this.#watch(connection)
      this.#setDown()
      if (this.#place.connection) this.#fail('The connection to NATS that was handed in is closed.')
    }
  }

  async #connect(nats: NatsPackage): Promise<NatsConnection | undefined> {
    if (this.#place.connection) return this.#place.connection
    let options: ConnectionOptions
    try {
      options = connectionOptions(this.#place.servers ?? 'nats://127.0.0.1:4222')
    } catch (error) {
      this.#fail((error as Error).message)
      return undefined
    }
    try {
      return await nats.connect(options)
    } catch {
      await new Promise<void>((resolve) => this.#clock.after(reconnectMs, resolve))
      return undefined
    }
  }

  /** Resolves when the connection is closed for good. */
  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (this.#closed) return
      if (status.type === 'disconnect') this.#setDown()
      else if (status.type === 'reconnect') this.#setUp()
    }
    await connection.closed()
  }

  /** The client of NATS waits on for an answer of a connection that is gone. */
  async #whileUp<T>(work: Promise<T>): Promise<T> {
    let tell: (lost: Error) => void = () => {}
    const down = new Promise<never>((_, reject) => {
      tell = reject
    })
    this.#inFlight.add(tell)
    try {
      return await Promise.race([work, down])
    } finally {
      this.#inFlight.delete(tell)
    }
  }

  #setUp(): void {
    if (this.#isUp || this.#closed) return
    this.#isUp = true
    this.#events.up()
    this.#wake()
  }

  #setDown(): void {
    if (!this.#isUp) return
    this.#isUp = false
    const lost = new Error('The connection to NATS is lost.')
    for (const tell of this.#inFlight) tell(lost)
    this.#events.down()
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const go of waiting) go()
  }

  #fail(message: string, cause?: unknown): void {
    this.#failed = new FairleadError('unavailable', message, { cause })
    this.#wake()
  }
}

export function closed(): FairleadError {
  return new FairleadError('unavailable', 'The log is closed.')
}

/** The package's own errors, told apart by their names: the application may bring a copy of its own. */
function requestFailure(error: unknown): Error {
  if (error instanceof Error && /payload.*(max|size)|max.?payload/i.test(error.message)) {
    return new FairleadError(
      'payload_too_large',
      'The event is larger than a message of NATS may be (max_payload).',
    )
  }
  const cause = error instanceof Error ? error.cause : undefined
  const notTaken = [error, cause].some((each) => each instanceof Error && /^NoResponders/.test(each.name))
  return new RequestFailure(notTaken, error)
}

function connectionOptions(servers: string | readonly string[]): ConnectionOptions {
  const texts = typeof servers === 'string' ? servers.split(',') : servers
  const urls = texts.map((text) => parseServer(text.trim()))
  const [{ username, password }] = urls as [URL]
  const user = decodeURIComponent(username)
  return {
    servers: urls.map(({ hostname, port }) => `${hostname}:${port || 4222}`),
    ...(password ? { user, pass: decodeURIComponent(password) } : user ? { token: user } : {}),
    ...(urls.some(({ protocol }) => protocol === 'tls:') ? { tls: {} } : {}),
    name: 'fairlead',
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    ignoreAuthErrorAbort: true,
    timeout: connectTimeoutMs,
    pingInterval: pingMs,
    maxPingOut: 2,
  }
}

/** An address is not repeated in an error: it may hold a password. */
function parseServer(text: string): URL {
  const full = text.includes('://') ? text : `nats://${text}`
  const url = URL.canParse(full) ? new URL(full) : undefined
  if (url && (url.protocol === 'nats:' || url.protocol === 'tls:') && url.hostname) return url
  throw new Error('An address of NATS is nats://host:port or tls://host:port.')
}
