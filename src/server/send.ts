import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SendAnswer } from '../hub/sending.ts'
import type { Session } from '../hub/session.ts'
import {
  FairleadError,
  limits,
  type Payload,
  parseBytesPayload,
  parseEventName,
  parseJsonPayload,
  parseKey,
  parsePosition,
  parseSend,
  parseTag,
  type RawClientMessage,
  splitBatch,
} from '../protocol/index.ts'
import { mediaType, readBody, textOf } from './body.ts'
import { asRefusal } from './problem.ts'
import { endOfTurn } from './turn.ts'

const knownParameters: ReadonlySet<string> = new Set(['event', 'after', 'tag', 'client'])

/** `POST /live/CHANNEL?event=NAME`: the body is the payload. */
export async function serveSend(
  session: Session,
  channel: string,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const params = singleParameters(query)
  const after = params.get('after')
  const tag = params.get('tag')
  const key = request.headers['idempotency-key'] as string | undefined
  const asked = {
    channel,
    event: parseEventName(params.get('event') ?? 'message'),
    key: key === undefined ? undefined : parseKey(key),
    after: after === undefined ? undefined : parsePosition(after),
    tag: tag === undefined ? undefined : parseTag(tag),
    batch: undefined,
  }
  const parse = payloadParser(request)
  const read = readBody(request, limits.payloadBytes, session.hub.clock)
  const body = read instanceof Promise ? await read : read
  const answer = await session.send({ ...asked, payload: parse(body) })
  await endOfTurn()
  writeAnswer(response, answer)
}

/** `POST /live`: an array of `send` messages, done one after the other. */
export async function serveBatch(
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (mediaType(request) !== 'application/json') {
    throw new FairleadError('unsupported_media_type', 'A batch is application/json.')
  }
  const messages = splitBatch(textOf(await readBody(request, limits.batchBytes, session.hub.clock)))
  if (!messages.every(({ op, fields }) => op === 'send' && 'key' in fields)) {
    throw new FairleadError('bad_message', 'A batch holds send messages alone, each with a key.')
  }
  const answers: string[] = []
  let failed = false
  for (const message of messages) {
    const answer = await answerOne(session, message, failed)
    failed ||= answer.retry
    answers.push(answer.text)
  }
  writeJson(response, 200, `[${answers.join(',')}]`)
}

/** Answers one message of a batch; after the first that failed for now, the rest are not tried. */
async function answerOne(
  session: Session,
  message: RawClientMessage,
  skip: boolean,
): Promise<{ text: string; retry: boolean }> {
  const { ref } = message
  try {
    if (skip)
      throw new FairleadError('skipped', 'A send before this one failed for now: send both again, in order.')
    const { data, ...rest } = await session.send(parseSend(message))
    const text = JSON.stringify({ op: 'ok', ref, ...rest })
    return { text: data === undefined ? text : `${text.slice(0, -1)},"data":${data}}`, retry: false }
  } catch (error) {
    const { code, message: detail, position, path, temporary } = refusal(session, error)
    const retry = temporary ? true : undefined
    return {
      text: JSON.stringify({ op: 'error', ref, code, message: detail, position, path, retry }),
      retry: temporary,
    }
  }
}

function refusal(session: Session, error: unknown): FairleadError {
  const refused = asRefusal(error)
  if (refused !== error) session.hub.onError(error, 'log')
  session.hub.audit.refused(refused, { transport: 'http', ...session.person })
  return refused
}

/** What makes a payload of the request's body, by its media type. */
function payloadParser(request: IncomingMessage): (body: Buffer) => Payload {
  const type = mediaType(request)
  if (type === 'application/json') return (body) => parseJsonPayload(textOf(body))
  if (type === 'application/octet-stream') return parseBytesPayload
  throw new FairleadError(
    'unsupported_media_type',
    'A payload is application/json, or application/octet-stream for bytes.',
  )
}

function singleParameters(query: string): Map<string, string> {
  const params = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(query)) {
    if (!knownParameters.has(name) || params.has(name)) {
      throw new FairleadError(
        'unknown_parameter',
        `A send takes ${[...knownParameters].join(', ')}, each once.`,
      )
    }
    params.set(name, value)
  }
  return params
}

function writeAnswer(response: ServerResponse, { id, durability, data }: SendAnswer): void {
  if (id === undefined && data === undefined) {
    response.writeHead(204, { 'cache-control': 'no-store' }).end()
    return
  }
  const members = [
    ...(id === undefined ? [] : [`"id":"${id}","durability":"${durability}"`]),
    ...(data === undefined ? [] : [`"data":${data}`]),
  ]
  writeJson(response, id === undefined ? 200 : 201, `{${members.join(',')}}`)
}

/** Writes a JSON text that nobody may keep. */
export function writeJson(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  // As text it goes out in one piece with the head.
  response.end(response.req.method === 'HEAD' ? undefined : text)
}
