import { setTimeout as wait } from 'node:timers/promises'
import type { ClaimContext } from './claim.ts'
import { forkRole, type Role } from './role.ts'
import type { BareServer, Downstream } from './roles/bare-server.ts'
import type { Reader, ReaderTransport } from './roles/reader.ts'

/** A plain server and readers of it, each in a process of its own. */
export interface Pair {
  readonly server: Role<BareServer>
  readonly reader: Role<Reader>
}

/** How long what was written may be on its way. */
export const arriveMs = 15_000

/** Opens a server and readers on one transport, gives them to `use`, and ends both. Rejects when not all could connect. */
export async function withPair<T>(
  transport: ReaderTransport,
  count: number,
  use: (pair: Pair) => Promise<T>,
  decode = false,
): Promise<T> {
  const server = forkRole<BareServer>('bare-server')
  const reader = forkRole<Reader>('reader')
  try {
    const ports = await server.ask('listen')
    const url = `http://127.0.0.1:${transport === 'sse-http2' ? ports.http2 : ports.http1}${pathOf[transport]}`
    const { open, failure } = await reader.ask('open', { url, transport, count, decode })
    if (open < count)
      throw new Error(
        `${open} of ${count} readers could connect over ${transport}: ${failure ?? 'no answer in time'}. Does \`ulimit -n\` allow more?`,
      )
    await arrived(server, transport, count)
    return await use({ server, reader })
  } finally {
    server.close()
    reader.close()
  }
}

/** A reader may call itself open before the server has its request. Rejects when they do not come. */
async function arrived(server: Role<BareServer>, transport: ReaderTransport, count: number): Promise<void> {
  for (const until = performance.now() + arriveMs; ; ) {
    const { sse, websocket, parked } = await server.ask('counts')
    if (sse + websocket + parked >= count) return
    if (performance.now() > until)
      throw new Error(`Not all of ${count} readers came to the server over ${transport}.`)
    await wait(20)
  }
}

const pathOf: Readonly<Record<ReaderTransport, string>> = {
  sse: '/sse',
  'sse-http2': '/sse',
  websocket: '/ws',
  'long-poll': '/poll',
}

/** The two that are compared, as reports name them. */
export const nameOf: Readonly<Record<Downstream, string>> = { sse: 'SSE', websocket: 'WebSocket' }

/** Both, in an order that changes with the round: a bad second of the machine then meets both. */
export function inTurn(round: number): readonly Downstream[] {
  return round % 2 === 0 ? ['sse', 'websocket'] : ['websocket', 'sse']
}

/** Runs so many rounds. Throws when it is stopped between two. */
export async function rounds(
  count: number,
  { signal }: Pick<ClaimContext, 'signal'>,
  run: (round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < count; round++) {
    signal.throwIfAborted()
    await run(round)
  }
}
