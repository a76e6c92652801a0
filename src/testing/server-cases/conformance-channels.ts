import type { Channels, SendContext } from '../../hub/channels.ts'
import { FairleadError } from '../../protocol/index.ts'

/**
 * Channels that a server under test may declare, beside development mode, so that the cases that need a declaration
 * run too: `createServer({ dev: true, channels: conformanceChannels })`.
 */
export const conformanceChannels = {
  /** Keeps its newest three events. */
  'declared-short/*': { read: 'public', send: 'public', retention: { count: 3 } },
  /** Keeps nothing. */
  'declared-unkept/*': { read: 'public', send: 'public', retention: 'none' },
  /** Knows who is on it. */
  'declared-presence/*': { read: 'public', send: 'public', presence: true },
  /** Refuses its readers. */
  'declared-denied/*': { read: 'public', send: 'public', onSubscribe: refuse },
  /** Does with a send what the name of its event says. */
  'declared-handled/*': { read: 'public', onSend: handle },
} satisfies Channels

function refuse(): never {
  throw new FairleadError('forbidden', 'Nobody reads this channel.')
}

async function handle(send: SendContext): Promise<unknown> {
  switch (send.event) {
    case 'answer':
      return { answered: send.data }
    case 'publish':
      await send.publish({ data: { changed: send.data } })
      return undefined
    case 'publish-as-sent':
      await send.publish()
      return undefined
    case 'publish-and-answer':
      await send.publish()
      return 'done'
    case 'refuse':
      throw new FairleadError('forbidden', 'The handler refuses.')
    case 'busy':
      throw new FairleadError('busy', 'The handler is busy.')
    case 'break':
      throw new Error('a secret of the application')
    default:
      return undefined
  }
}
