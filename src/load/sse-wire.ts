import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { untilCut, urlOf, type Wire, type WireSink } from './wire.ts'

/**
 * The plain stream, as a browser gets it. Blocks are found in the text as it comes and only their `id` and `event`
 * lines are looked at; ours end with `\n`, which is all that is understood here.
 */
export const sseWire: Wire = (start, wanted) => {
  const { sink, cut } = untilCut(wanted, () => asked.destroy())
  const asked: ClientRequest = request(urlOf(start), {
    agent: false,
    headers: { accept: 'text/event-stream', ...start.headers },
  })
  asked.on('error', (error) => sink.ended(String(error)))
  asked.on('response', (response) => readStream(response, sink))
  asked.end()
  return cut
}

function readStream(response: IncomingMessage, sink: WireSink): void {
  response.on('error', (error) => sink.ended(String(error)))
  response.on('close', () => sink.ended('the stream ended'))
  if (response.statusCode !== 200) {
    response.resume()
    return sink.ended(`status ${response.statusCode}`)
  }
  // The first block is a heartbeat that says where the stream starts.
  let opened = false
  let rest = ''
  response.setEncoding('utf8')
  response.on('data', (chunk: string) => {
    const text = rest + chunk
    let from = 0
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n', from)) {
      readBlock(text.slice(from, end), sink)
      from = end + 2
      if (opened) continue
      opened = true
      sink.opened()
    }
    rest = text.slice(from)
  })
}

function readBlock(block: string, sink: WireSink): void {
  const id = field(block, 'id')
  const event = field(block, 'event')
  if (event === undefined || !event.startsWith('$')) return sink.event(id, block)
  if (event === '$reset') return sink.reset((JSON.parse(field(block, 'data')!) as { latest: string }).latest)
  if (event === '$heartbeat' && id !== undefined) sink.position(id)
}

/** A field of a block; those before `data` stand first in ours, so the payload is not searched for them. */
function field(block: string, name: string): string | undefined {
  const prefix = `${name}: `
  const until = name === 'data' ? block.length : dataAt(block)
  let at = 0
  while (at < until) {
    const end = block.indexOf('\n', at)
    const next = end === -1 ? block.length : end
    if (block.startsWith(prefix, at)) return block.slice(at + prefix.length, next)
    at = next + 1
  }
  return undefined
}

function dataAt(block: string): number {
  const at = block.startsWith('data: ') ? 0 : block.indexOf('\ndata: ')
  return at === -1 ? block.length : at
}
