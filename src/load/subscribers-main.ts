import { type SubscriberCounts, Subscribers, type SubscribersOptions } from './subscribers.ts'

/** The process of `forkSubscribers`: takes orders over its channel, and answers each with the counts after it. */

/** From the parent. */
export type SubscriberOrder =
  | { readonly ref: number; readonly do: 'start'; readonly options: SubscribersOptions }
  | { readonly ref: number; readonly do: 'open' | 'cut' | 'counts' }
  | { readonly ref: number; readonly do: 'reached'; readonly events: number }

/** To the parent. */
export interface SubscriberReport {
  readonly ref: number
  readonly counts: SubscriberCounts
}

let subscribers: Subscribers | undefined

async function carryOut(order: SubscriberOrder): Promise<void> {
  if (order.do === 'start') {
    subscribers = new Subscribers(order.options)
    return
  }
  if (!subscribers) throw new Error('The first order is `start`.')
  if (order.do === 'open') await subscribers.open()
  if (order.do === 'cut') subscribers.cut()
  if (order.do === 'reached') await subscribers.reached(order.events)
  process.send!({ ref: order.ref, counts: subscribers.counts() } satisfies SubscriberReport)
}

process.on('message', (order: SubscriberOrder) => {
  carryOut(order).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`)
    process.exit(1)
  })
})
// The parent is gone: so are its subscribers.
process.on('disconnect', () => process.exit(0))
