import { FairleadError, type SendContext } from 'fairlead'
import type { ChatLine } from './channels.ts'
import { isCustomer, isOperator } from './people.ts'

/** The longest line of a chat, in characters. */
const longestLine = 1000

/**
 * Handles a line sent to `chat/ROOM`: it goes into the room, and to the operators' desk, who cannot follow rooms that
 * they do not know of. Both carry the send's key, so a line sent again after a cut is there once.
 */
export async function say(send: SendContext): Promise<void> {
  if (send.event !== 'say') throw new FairleadError('invalid_event_name', 'A chat has one event: say.')
  const line = readLine(send.data)
  const [room] = send.channel.params
  const may = line.from === 'operator' ? isOperator(send.who) : isCustomer(send.who, room)
  if (!may) throw new FairleadError('forbidden', `You do not speak as the ${line.from} here.`)
  await send.publish({ data: line })
  await send.publish({ channel: 'support', event: 'said', data: { room, ...line } })
}

/** The sender says which side it is on; whether that is so, is asked of who it is. */
function readLine(data: unknown): ChatLine {
  const { from, text } = (data ?? {}) as Partial<Record<keyof ChatLine, unknown>>
  if (from !== 'customer' && from !== 'operator') throw refused('from is customer or operator.')
  if (typeof text !== 'string' || text.trim() === '') throw refused('text is what to say.')
  if (text.length > longestLine) throw refused(`text is at most ${longestLine} characters.`)
  return { from, text: text.trim() }
}

function refused(message: string): FairleadError {
  return new FairleadError('bad_request', message)
}
