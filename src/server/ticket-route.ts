import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Tickets } from '../access/tickets.ts'
import type { Identity } from '../hub/authorise.ts'
import type { Session } from '../hub/session.ts'
import { FairleadError, limits, parseChannelName, parseJsonPayload } from '../protocol/index.ts'
import { mediaType, readBody, textOf } from './body.ts'
import { targetOf } from './edge.ts'
import { writeJson } from './send.ts'

/** A hundred of the longest names, and what JSON puts around them, twice over. */
const bodyBytes = 64 * 1024

/**
 * `POST /live/_ticket`: a ticket for channels that whoever asks may read, in exchange for a bearer token or a cookie.
 * Throws `not_found` on a server without tickets, and `auth_required` or `forbidden` when one of the channels may not be
 * read: the answer does not say which.
 */
export async function serveTicket(
  tickets: Tickets | undefined,
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!tickets) throw new FairleadError('not_found', 'There is nothing at this address.')
  const channels = await readChannels(session, request)
  for (const channel of channels) await session.assertAllowed('read', channel)
  const ticket = tickets.issue({ who: dated(session.who, session.hub.clock.now()), channels })
  writeJson(response, 200, JSON.stringify({ ticket, expiresAt: tickets.verify(ticket).exp }))
}

/**
 * Someone as a ticket names them: with the moment of now (milliseconds since the epoch) where their credentials do not
 * say when they were issued. Without it `revoke` would not know that the ticket is older than its order.
 */
export function dated(who: Identity | null, now: number): Identity | null {
  return who && { ...who, issuedAt: who.issuedAt ?? now }
}

async function readChannels(session: Session, request: IncomingMessage): Promise<readonly string[]> {
  if (targetOf(request).query !== '')
    throw new FairleadError('unknown_parameter', 'A ticket is asked for in the body, without a query.')
  if (mediaType(request) !== 'application/json')
    throw new FairleadError('unsupported_media_type', 'What a ticket is for is said as application/json.')
  const body = await readBody(request, bodyBytes, session.hub.clock)
  session.share?.say(body.length)
  return parseChannels(JSON.parse(parseJsonPayload(textOf(body))))
}

/** Names alone: whether all that a pattern covers may be read can be asked of nobody. */
function parseChannels(value: { channels?: unknown } | null): readonly string[] {
  const channels = value?.channels
  if (!Array.isArray(channels) || !channels.every((name) => typeof name === 'string'))
    throw new FairleadError('bad_message', 'Say {"channels":["NAME",…]}: what the ticket is to read.')
  if (channels.length === 0)
    throw new FairleadError('invalid_channel', 'Name the channels that the ticket is to read.')
  if (channels.length > limits.channelsPerStream)
    throw new FairleadError(
      'too_many_channels',
      `A ticket is for at most ${limits.channelsPerStream} channels: ask for several tickets.`,
    )
  return [...new Set(channels.map(parseChannelName))]
}
