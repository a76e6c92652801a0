import { type Awaitable, andThen, settle } from '../hub/awaitable.ts'
import {
  closeCodes,
  decodeBinaryMessage,
  FairleadError,
  isFairleadError,
  limits,
  parseAuth,
  parseSend,
  parseSubscribe,
  parseUnsubscribe,
  type RawClientMessage,
  splitClientMessage,
} from '../protocol/index.ts'
import type { ServerWebSocket } from './server-websocket.ts'
import { TaskQueue } from './task-queue.ts'
import type { WebSocketStream } from './websocket.ts'

/** Messages that may wait before the socket is read no further. */
const queueLimit = 100
/** Who is told so often within `hastyMs` that it is too fast, and does not wait, is closed. */
const mostHasty = 100
const hastyMs = 10_000

/**
 * What a client says on a WebSocket. Sends are done one after the other, and so are the other messages; a send waits
 * for a subscribe that came before it, but a slow handler holds up no subscribe.
 */
export class WebSocketReader {
  readonly #stream: WebSocketStream
  readonly #ws: ServerWebSocket
  /** Made when first needed: most clients only listen. */
  #sendQueue: TaskQueue | undefined
  #requestQueue: TaskQueue | undefined
  /** What the URL asked for is being followed: requests wait for it. */
  #opening: Promise<void> | undefined
  /** The batch one of whose sends failed for now: its later ones are not tried, so that a retry keeps the order. */
  #failedBatch: number | undefined
  /** Messages that came faster than they may, since when. */
  #hasty = 0
  #hastySince = 0

  constructor(stream: WebSocketStream, ws: ServerWebSocket) {
    this.#stream = stream
    this.#ws = ws
  }

  /** Follows what the URL asks for, after a first heartbeat that says where that starts. */
  begin(): void {
    const opening = this.#followUrl(true)
    if (this.#stream.options.subscribe.length > 0) this.#opening = opening
  }

  stop(): void {
    this.#sendQueue?.clear()
    this.#requestQueue?.clear()
  }

  get #sends(): TaskQueue {
    this.#sendQueue ??= new TaskQueue(queueLimit, (full) => this.#pace(full))
    return this.#sendQueue
  }

  get #requests(): TaskQueue {
    if (!this.#requestQueue) {
      this.#requestQueue = new TaskQueue(queueLimit, (full) => this.#pace(full))
      const opening = this.#opening
      if (opening !== undefined) this.#requestQueue.push(() => opening)
    }
    return this.#requestQueue
  }

  /** One message of the client's: its envelope and, of a binary message, its payload. */
  text(envelope: string, payload?: Uint8Array): void {
    try {
      const message = splitClientMessage(envelope)
      if (message.op === 'send') this.#pushSend(message, payload)
      else this.#requests.push(() => this.#answer(message, () => this.#request(message)))
    } catch (error) {
      this.#badMessage(error)
    }
  }

  /** One binary message of the client's. */
  binary(message: Buffer): void {
    try {
      const { envelope, bytes } = decodeBinaryMessage(message)
      this.text(envelope, bytes)
    } catch (error) {
      this.#badMessage(error)
    }
  }

  #badMessage(error: unknown): void {
    if (!isFairleadError(error)) throw error
    this.#refused(error)
    this.#stream.close(closeCodes.bad_message, 'bad_message')
  }

  /** A send waits for what was asked before it: who subscribes and then sends sees its own event. */
  #pushSend(message: RawClientMessage, payload: Uint8Array | undefined): void {
    const before = this.#requestQueue?.busy ?? this.#opening
    const send = () => this.#answer(message, () => this.#send(message, payload))
    this.#sends.push(before === undefined ? send : () => before.then(send))
  }

  async #request(message: RawClientMessage): Promise<void> {
    const { ref } = message
    const { channel: own } = this.#stream.options
    const { share } = this.#stream.session
    if (message.op === 'unsubscribe') {
      share?.say()
      this.#stream.unsubscribe(parseUnsubscribe(message, own))
      this.#stream.ok({ ref })
    } else if (message.op === 'auth') {
      share?.say()
      share?.assertWelcome()
      await this.#renew(parseAuth(message))
      this.#stream.ok({ ref })
      await this.#followUrl(false)
    } else {
      const { channel, client, ...start } = parseSubscribe(message, own)
      const more = !this.#stream.follows(channel)
      if (more && this.#stream.following >= limits.channelsPerStream) {
        throw new FairleadError(
          'too_many_subscriptions',
          `One connection follows at most ${limits.channelsPerStream} channels.`,
        )
      }
      this.#stream.unsubscribe(channel) // A second subscribe is a new start, not a second copy of every event.
      const { position, run } = await this.#stream.subscribe(channel, start, client)
      this.#stream.ok({ ref, position })
      run()
    }
  }

  /** Takes new credentials; of somebody else, they end the connection: what was subscribed is not theirs. */
  async #renew(token: string): Promise<void> {
    const { session, options } = this.#stream
    const who = await options.server.identify(options.request, token)
    if (who === null) throw new FairleadError('invalid_token', 'This token is nobody’s.')
    if (session.who !== null && session.who.id !== who.id) {
      this.#stream.close(closeCodes.denied, 'denied')
    } else {
      await session.renew(who)
    }
  }

  #send(message: RawClientMessage, bytes: Uint8Array | undefined): Awaitable<void> {
    const request = parseSend(message, this.#stream.options.channel, bytes)
    if (request.batch !== undefined && request.batch === this.#failedBatch) {
      throw new FairleadError('skipped', 'A send before this one failed for now: send both again, in order.')
    }
    const { session } = this.#stream
    return settle(
      () =>
        andThen(session.send(request), ({ id, durability, data }) =>
          this.#stream.ok({ ref: message.ref, id, durability }, data),
        ),
      (error) => {
        if (isFairleadError(error) && error.temporary) this.#failedBatch = request.batch
        throw error
      },
    )
  }

  /** Runs one message's work and answers an error by its `ref`. */
  #answer({ ref }: RawClientMessage, work: () => Awaitable<void>): Awaitable<void> {
    return settle(work, (error) => this.#answerError(ref, error))
  }

  #answerError(ref: number, error: unknown): void {
    const known = this.#known(error)
    const { code, message, position, path } = known
    const { session } = this.#stream
    if (this.#refused(known)) return this.#stream.end('busy', session.hub.retryMs())
    // Not this message is refused: who asks again with a new token asks on a new connection, from where it stands.
    if (code === 'token_expired' && session.expired)
      return this.#stream.end('auth_expired', session.hub.retryMs())
    this.#stream.say(
      JSON.stringify({
        op: 'error',
        ref,
        code,
        message,
        position,
        path,
        ...(known.temporary && { retry: true }),
      }),
    )
    if (code === 'bad_message') this.#stream.close(closeCodes.bad_message, 'bad_message')
  }

  async #followUrl(heartbeat: boolean): Promise<void> {
    const started: { position: string; run(): void }[] = []
    const refused: { channel: string; error: FairleadError }[] = []
    for (const { channel, start } of this.#stream.options.subscribe) {
      if (this.#stream.follows(channel)) continue
      try {
        started.push(await this.#stream.subscribe(channel, start))
      } catch (error) {
        refused.push({ channel, error: this.#known(error) })
      }
    }
    // Several starts have no one position; each channel's events carry their own.
    if (heartbeat) this.#stream.heartbeat(started.length === 1 ? { id: started[0]!.position } : {})
    for (const { channel, error } of refused) this.#refuse(channel, error)
    for (const { run } of started) run()
    this.#opening = undefined
  }

  /** A subscription that the URL asked for has no `ref`: what is refused is said by `denied`. */
  #refuse(channel: string, error: FairleadError): void {
    const { code, temporary } = error
    if (code === 'auth_required') return // A stranger may still say who it is.
    this.#refused(error)
    if (temporary) {
      const busy = code === 'rate_limited' || code === 'busy'
      const reason = code === 'draining' ? 'drain' : busy ? 'busy' : 'unavailable'
      this.#stream.end(reason, this.#stream.session.hub.retryMs())
      return
    }
    this.#stream.control({ op: 'denied', channel, code })
    if (this.#stream.options.channel !== undefined) this.#stream.close(closeCodes.denied, 'denied')
  }

  /** A refusal is counted, and written unless it is one of many. Whether this client has had too many. */
  #refused(error: FairleadError): boolean {
    const { session } = this.#stream
    const { metrics, audit, clock } = session.hub
    metrics.refusals.add(error.code)
    if (error.code !== 'rate_limited') {
      audit.refused(error, { transport: 'websocket', ...session.person })
      return session.share?.refused(error) === true
    }
    if (Math.abs(clock.now() - this.#hastySince) >= hastyMs) {
      this.#hastySince = clock.now()
      this.#hasty = 0
    }
    return ++this.#hasty >= mostHasty
  }

  #known(error: unknown): FairleadError {
    if (isFairleadError(error)) return error
    this.#stream.session.hub.onError(error, 'subscription')
    return new FairleadError('internal', 'The server failed at this.', { cause: error })
  }

  #pace(full: boolean): void {
    if (full) this.#ws.hold()
    else this.#ws.release()
  }
}
