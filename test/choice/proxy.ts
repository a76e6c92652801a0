import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { createGzip, type Gzip } from 'node:zlib'

/** What stands between a client and its server. Nothing said: all passes. */
export interface Condition {
  /** `refuse`: an upgrade is answered 403. `mute`: it is accepted, and frames go nowhere. */
  readonly upgrade?: 'refuse' | 'mute'
  /** Held back of an event stream: all to its end; each piece until the next; until so many bytes; or what gzip holds. */
  readonly stream?: 'whole' | 'behind' | 'gzip' | number
  /** A connection on which nothing came for this long is cut, in milliseconds. */
  readonly idleMs?: number
  /** A connection is cut at this age, in milliseconds. */
  readonly lifeMs?: number
  /** Each way takes this much longer, in milliseconds. */
  readonly delayMs?: number
  /** Everything is answered 502. */
  readonly gateway?: boolean
}

type Kind = 'upgrade' | 'stream' | 'other'

interface Pair {
  readonly client: Socket
  readonly server: Socket
  kind: Kind
  /** The head of the answer went through. */
  headSeen: boolean
  held: Buffer[]
  gzip: Gzip | undefined
  cutIdle: NodeJS.Timeout | undefined
}

const refused =
  'HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno\n'
const badGateway =
  'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 12\r\nconnection: close\r\n\r\nbad gateway\n'
const requestHead = /^(GET|POST|HEAD|OPTIONS) /

/** A proxy as networks have them, in front of one port of this machine. Its condition can change under live sessions. */
export class ConditionProxy {
  #condition: Condition = {}
  readonly #target: number
  readonly #listener: Server
  readonly #pairs = new Set<Pair>()

  static async to(target: number, condition: Condition = {}): Promise<ConditionProxy> {
    const proxy = new ConditionProxy(target)
    proxy.#condition = condition
    proxy.#listener.listen(0, '127.0.0.1')
    await once(proxy.#listener, 'listening')
    return proxy
  }

  private constructor(target: number) {
    this.#target = target
    this.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port
  }

  /** From now on, for what is open too; `cut` ends that, as another network does. */
  set(condition: Condition, cut = false): void {
    this.#condition = condition
    if (cut) for (const pair of [...this.#pairs]) end(pair)
  }

  async close(): Promise<void> {
    this.#listener.close()
    for (const pair of [...this.#pairs]) end(pair)
    await once(this.#listener, 'close')
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair: Pair = {
      client,
      server,
      kind: 'other',
      headSeen: false,
      held: [],
      gzip: undefined,
      cutIdle: undefined,
    }
    this.#pairs.add(pair)
    const { lifeMs } = this.#condition
    const cutOld = lifeMs === undefined ? undefined : setTimeout(() => end(pair), lifeMs)
    for (const socket of [client, server]) socket.on('error', () => {})
    client.on('data', (chunk: Buffer) => this.#later(() => this.#up(pair, chunk)))
    server.on('data', (chunk: Buffer) => this.#later(() => this.#down(pair, chunk)))
    client.on('end', () => this.#later(() => server.end()))
    server.on('end', () => this.#later(() => this.#ended(pair)))
    client.on('close', () => {
      this.#pairs.delete(pair)
      clearTimeout(cutOld)
      clearTimeout(pair.cutIdle)
      server.destroy()
    })
    server.on('close', () => this.#later(() => client.destroySoon()))
  }

  #later(pass: () => void): void {
    const { delayMs } = this.#condition
    if (delayMs === undefined) pass()
    else setTimeout(pass, delayMs)
  }

  #up(pair: Pair, chunk: Buffer): void {
    const { upgrade, stream, gateway } = this.#condition
    const text = chunk.toString('latin1')
    if (requestHead.test(text)) {
      pair.kind = kindOf(text)
      pair.headSeen = false
      if (gateway) return void pair.client.end(badGateway)
      if (pair.kind === 'upgrade' && upgrade === 'refuse') return void pair.client.end(refused)
      // Of HTTP/1.0 the body comes as it is, and not in chunks.
      if (pair.kind === 'stream' && stream === 'gzip')
        return void pair.server.write(text.replace(' HTTP/1.1\r\n', ' HTTP/1.0\r\n'), 'latin1')
    } else if (pair.kind === 'upgrade' && upgrade === 'mute') return
    pair.server.write(chunk)
  }

  #down(pair: Pair, chunk: Buffer): void {
    const { upgrade, stream, idleMs } = this.#condition
    if (idleMs !== undefined) {
      clearTimeout(pair.cutIdle)
      pair.cutIdle = setTimeout(() => end(pair), idleMs)
    }
    const headEnd = pair.headSeen ? 0 : chunk.indexOf('\r\n\r\n') + 4
    const head = chunk.subarray(0, headEnd)
    const body = chunk.subarray(headEnd)
    pair.headSeen = true
    if (pair.kind === 'upgrade' && upgrade === 'mute') return void (headEnd && pair.client.write(head))
    if (pair.kind !== 'stream' || stream === undefined) return void pair.client.write(chunk)
    if (stream === 'gzip') return this.#compress(pair, head, body)
    if (headEnd) pair.client.write(head)
    if (body.length === 0) return
    const held = pair.held.reduce((sum, { length }) => sum + length, 0)
    if (stream === 'behind' && held) release(pair)
    pair.held.push(body)
    if (typeof stream === 'number' && held + body.length >= stream) release(pair)
  }

  /** As a server in the middle does that flushes only what gzip gives out by itself. */
  #compress(pair: Pair, head: Buffer, body: Buffer): void {
    if (head.length) {
      pair.client.write(`${head.toString('latin1').slice(0, -2)}content-encoding: gzip\r\n\r\n`)
      pair.gzip = createGzip()
      pair.gzip.on('data', (bytes: Buffer) => pair.client.write(bytes))
      pair.gzip.on('end', () => pair.client.end())
    }
    if (body.length) pair.gzip?.write(body)
  }

  #ended(pair: Pair): void {
    release(pair)
    if (pair.gzip) pair.gzip.end()
    else pair.client.end()
  }
}

function kindOf(head: string): Kind {
  if (/^upgrade: websocket/im.test(head)) return 'upgrade'
  return /^accept: text\/event-stream/im.test(head) ? 'stream' : 'other'
}

function release(pair: Pair): void {
  for (const chunk of pair.held.splice(0)) if (pair.client.writable) pair.client.write(chunk)
}

function end({ client, server }: Pair): void {
  client.resetAndDestroy()
  server.resetAndDestroy()
}
