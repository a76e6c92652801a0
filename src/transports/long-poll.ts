import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { History, HistoryRequest } from '../hub/history.ts'
import type { Session } from '../hub/session.ts'
import type { SpanningHistory } from '../hub/spanning-history.ts'
import { historyJson } from './encodings.ts'

/** The channels of a history, and where it starts. */
export interface HistoryOptions extends HistoryRequest {
  readonly channels: readonly string[]
  /** For the SDK: the channels may lie in several logs. */
  readonly envelope: boolean
}

/** Answers with history, or, with `waitMs`, as soon as there is an event: a long-poll. */
export async function serveHistory(
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  options: HistoryOptions,
): Promise<void> {
  // Its reader went away while it was asked who that is: no `close` event is to come.
  if (response.destroyed) return session.close()
  // An answer at once would have a poller ask again at once.
  session.hub.assertOpen()
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.on('close', () => session.close())
  if (options.waitMs) session.hub.metrics.opens.add('long-poll')
  const bounded = { ...options, signal: AbortSignal.any([gone.signal, session.signal, session.hub.stopping]) }
  const severalLogs = options.envelope && session.hub.logs.groups(options.channels).size > 1
  const history = severalLogs
    ? await session.spanHistory(options.channels, bounded)
    : await session.history(options.channels, bounded)
  if (response.destroyed) return
  const body = historyBody(history)
  const cacheable =
    options.after !== undefined && options.limit !== undefined && (await isPublic(session, options))
  response.setHeader('content-type', 'application/json')
  response.setHeader('cache-control', cacheable ? 'public, max-age=1' : 'no-store')
  if (cacheable) {
    const etag = `"${createHash('sha1').update(body).digest('base64url')}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end()
      return
    }
  }
  session.hub.metrics.written.add('long-poll', body.length)
  session.hub.metrics.deliveries.add('poll', history.events.length)
  response.writeHead(200, { 'content-length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}

/** The answer's text; the envelopes in it are shared with every other reader's answer. */
function historyBody({ events, resets, denied, ...where }: History | SpanningHistory): Buffer {
  const list: Buffer[] = [Buffer.from('{"events":[')]
  events.forEach((event, i) => {
    if (i > 0) list.push(Buffer.from(','))
    list.push(event.bytes(historyJson))
  })
  const rest = {
    ...where,
    ...(resets.length > 0 && { reset: resets }),
    ...(denied.length > 0 && { denied }),
  }
  list.push(Buffer.from(`],${JSON.stringify(rest).slice(1)}`))
  return Buffer.concat(list)
}

/** Only what anybody may read without any credential may stand in a cache. */
async function isPublic(session: Session, { channels }: HistoryOptions): Promise<boolean> {
  for (const channel of channels) {
    if (!(await session.hub.authorise.allows(null, 'read', channel))) return false
  }
  return true
}
