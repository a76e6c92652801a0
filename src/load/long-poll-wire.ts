import { Agent, request } from 'node:http'
import { sliceArray, sliceObject } from '../protocol/index.ts'
import { readEnvelope, untilCut, urlOf, type Wire, type WireSink, type WireStart } from './wire.ts'

const waitSeconds = 25

/** Asks again and again, on one kept connection. */
export const longPollWire: Wire = (start, wanted) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const { sink, cut } = untilCut(wanted, () => agent.destroy())
  poll(start, sink, agent).catch((error: unknown) => {
    agent.destroy()
    sink.ended(String(error))
  })
  return cut
}

/** Ends by throwing, or with its agent. */
async function poll(start: WireStart, sink: WireSink, agent: Agent): Promise<never> {
  // The first is answered at once: it says where the stream starts, and brings what was missed.
  let after = await take(urlOf(start, { limit: '1000', wait: '0' }), start, sink, agent)
  sink.opened()
  for (;;) {
    const query = { limit: '1000', wait: String(waitSeconds) }
    after = await take(urlOf({ ...start, after }, query), start, sink, agent)
  }
}

/** One poll; answers the position reached. */
async function take(url: URL, start: WireStart, sink: WireSink, agent: Agent): Promise<string> {
  const fields = sliceObject(await get(url, start.headers, agent))
  // A reset stands in an answer without the `op` that names it on a stream.
  for (const text of sliceArray(fields.get('reset') ?? '[]')) sink.reset(JSON.parse(text).latest as string)
  for (const text of sliceArray(fields.get('events') ?? '[]')) readEnvelope(text, sink)
  const position = JSON.parse(fields.get('position') ?? '""') as string
  sink.position(position)
  return position
}

function get(url: URL, headers: WireStart['headers'], agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent, headers: { accept: 'application/json', ...headers } })
    asked.on('error', reject)
    asked.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body)
        else reject(new Error(`status ${response.statusCode}`))
      })
    })
    asked.end()
  })
}
