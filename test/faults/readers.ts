import { Subscribers, type SubscribersOptions } from '../../src/load/subscribers.ts'
import type { Latency } from '../../src/load/tally.ts'
import { RawReader, type RawReaderSetup } from './raw-reader.ts'
import { answerOrders } from './talk.ts'

/** Readers without our client: some that count, and some that stop reading when told. A process of its own. */
export type ReadersOrder =
  | { readonly do: 'open-good'; readonly options: SubscribersOptions }
  | { readonly do: 'close-good' | 'pause' | 'resume' | 'close-raw' }
  | { readonly do: 'open-raw'; readonly count: number; readonly readers: readonly RawReaderSetup[] }
  | { readonly do: 'seen' }
  /** Asks a URL: in this process's network. */
  | { readonly do: 'fetch'; readonly url: string }

/** What counting readers saw. */
export interface Good {
  readonly events: number
  readonly failures: number
  readonly latency: Latency | undefined
}

let good: Subscribers | undefined
let raw: RawReader[] = []

async function carryOut(order: ReadersOrder): Promise<unknown> {
  switch (order.do) {
    case 'open-good':
      good = new Subscribers(order.options)
      return good.open()
    case 'close-good': {
      const { events, failures, latency } = good!.counts()
      good!.cut()
      return { events, failures, latency } satisfies Good
    }
    case 'open-raw':
      for (let i = 0; i < order.count; i++)
        raw.push(new RawReader(order.readers[i % order.readers.length]!, raw.length))
      return Promise.all(raw.map(({ opened }) => opened))
    case 'pause':
      for (const reader of raw) reader.pause()
      return undefined
    case 'resume':
      for (const reader of raw) reader.resume()
      return undefined
    case 'close-raw':
      for (const reader of raw) reader.close()
      raw = []
      return undefined
    case 'fetch':
      return (await fetch(order.url)).json()
    case 'seen':
      return raw.map((reader) => reader.seen)
  }
}

answerOrders(null, carryOut)
