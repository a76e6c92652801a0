import { sliceArray, sliceObject } from '../../protocol/index.ts'
import { httpGet } from './http-get.ts'
import { readEnvelope, type TailConnection, type TailMessage, type TailStart } from './wire.ts'

const waitSeconds = 25

/** Reads a channel by asking again and again; each answer but the first comes as soon as there is something. */
export async function* longPollWire(connection: TailConnection): AsyncGenerator<TailMessage> {
  let start = connection.start
  if (start.after === 'latest') start = {} // Asks for the position only.
  for (let wait = 0; ; wait = waitSeconds) {
    const { messages, position } = await poll(connection, start, wait)
    yield* messages
    // What a stream says by a heartbeat: where it stands, and how soon it must say something again.
    const heartbeat = { op: 'heartbeat', id: position, everyMs: waitSeconds * 1000 } as const
    yield { text: JSON.stringify(heartbeat), message: heartbeat }
    start = { after: position }
  }
}

interface Answer {
  messages: TailMessage[]
  position: string
}

async function poll(connection: TailConnection, start: TailStart, wait: number): Promise<Answer> {
  const url = new URL(connection.target.url)
  if (start.after !== undefined) url.searchParams.set('after', start.after)
  if (start.last !== undefined) url.searchParams.set('last', String(start.last))
  url.searchParams.set('wait', String(wait))
  const response = await httpGet(url, connection, { accept: 'application/json' })
  const fields = sliceObject(await response.text())
  // A reset stands in the answer without the `op` that names it on a stream.
  const resets = listOf(fields.get('reset')).map((text) => `{"op":"reset",${text.slice(1)}`)
  return {
    messages: [...resets, ...listOf(fields.get('events'))].flatMap(readEnvelope),
    position: JSON.parse(fields.get('position') ?? '""') as string,
  }
}

function listOf(text: string | undefined): string[] {
  return text === undefined ? [] : sliceArray(text)
}
