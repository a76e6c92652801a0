import type { Book } from './book.ts'
import { decideOn } from './decide.ts'
import type { Live } from './live.ts'

/**
 * Counts the open storefront pages, on every server of the shop, and tells it when the number changed, so that a chart
 * of the last minutes has a past: presence itself is not kept.
 */
export async function countVisitors(live: Live, book: Book): Promise<void> {
  const online = (await live.channel('visitors').members()).length
  await decideOn(live, book, 'visitors', () =>
    book.state.visitors.at(-1)?.online === online ? undefined : { event: 'count', data: { online } },
  )
}
