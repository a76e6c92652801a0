import type { Socket } from 'node:net'

/** What Node keeps below a socket; since its first versions, and read by many, though it is no documented part. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null
}

/** The kinds of handle whose bytes go to the kernel as they are. That of TLS shows a descriptor, too: the wire's. */
const plain: ReadonlySet<string> = new Set(['TCP', 'Pipe'])

/**
 * The descriptor of a socket that bytes may be sent to past Node: it is open, is not TLS, nothing waits in front, nothing is
 * being gathered, and no idle timeout counts what Node writes. Else -1. It holds until anything else runs: a descriptor
 * that is closed is the next connection's.
 */
export function descriptorOf(socket: Socket): number {
  if (socket.writableLength > 0 || socket.writableCorked > 0) return -1
  if (socket.destroyed || socket.writableEnded || socket.connecting || socket.timeout) return -1
  const { _handle: handle } = socket as WithHandle
  return handle && plain.has(handle.constructor.name) ? (handle.fd ?? -1) : -1
}
