import type { Socket } from 'node:net'

/** What Node keeps below a socket; since its first versions, and read by many, though it is no documented part. */
interface Handle {
  readonly fd?: number
}

interface WithHandle {
  readonly _handle?: Handle | null
}

/** The kinds of handle whose bytes go to the kernel as they are. That of TLS shows a descriptor, too: the wire's. */
const plain: ReadonlySet<string> = new Set(['TCP', 'Pipe'])

/**
 * The descriptor of a socket, for bytes that are sent past Node. Looking the number up in the handle costs more than all the
 * rest: it is kept, and is good as long as the socket has this handle, for Node takes it off in the turn that closes it.
 */
export class Descriptor {
  readonly #socket: Socket & WithHandle
  readonly #handle: Handle | undefined
  readonly #number: number

  constructor(socket: Socket) {
    this.#socket = socket
    const { _handle: handle } = socket as WithHandle
    this.#handle = handle && plain.has(handle.constructor.name) ? handle : undefined
    this.#number = this.#handle?.fd ?? -1
  }

  /**
   * The descriptor while bytes may be sent to it: the socket is open and is not TLS, nothing waits in front, nothing is being
   * gathered, and no idle timeout counts what Node writes. Else -1. It holds until anything else runs: a descriptor that is
   * closed is the next connection's.
   */
  get open(): number {
    const socket = this.#socket
    if (socket._handle !== this.#handle || socket.writableLength > 0 || socket.writableCorked > 0) return -1
    return socket.writableEnded || socket.timeout ? -1 : this.#number
  }
}
