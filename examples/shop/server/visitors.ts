import type { Live } from './live.ts'

/**
 * Counts the open storefront pages every `everyMs` and tells it when the number changed, so that a chart of the last
 * minutes has a past: presence itself is not kept. Answers what stops it.
 */
export function countVisitors(live: Live, everyMs = 3_000): () => void {
  let told: number | undefined

  async function count(): Promise<void> {
    const online = (await live.channel('visitors').members()).length
    if (online === told) return
    told = online
    await live.channel('visitors').publish('count', { online })
  }

  const timer = setInterval(() => void count(), everyMs)
  void count()
  return () => clearInterval(timer)
}
