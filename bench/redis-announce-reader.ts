import { Redis } from 'ioredis'
import { redisLog } from '../src/log/redis.ts'

/** What the measuring process asks the reading one for. */
export type ReaderOrder =
  | { readonly do: 'follow'; readonly url: string; readonly prefix: string; readonly channel: string }
  | { readonly do: 'subscribe'; readonly url: string; readonly channel: string }
  | { readonly do: 'times' }

/** When each number came, in nanoseconds of the machine's own clock, which all processes share. */
export type ReaderTimes = readonly (readonly [number: number, at: string])[]

/** The process that reads: it notes when each numbered event came, by the feed of a log or by a bare subscription. */
let times: [number, string][] = []
let end = async (): Promise<void> => {}

function came(number: number): void {
  times.push([number, process.hrtime.bigint().toString()])
}

process.on('message', async (order: ReaderOrder) => {
  if (order.do === 'follow') await follow(order.url, order.prefix, order.channel)
  else if (order.do === 'subscribe') await subscribe(order.url, order.channel)
  else await end()
  process.send!(times)
  times = []
})
process.on('disconnect', () => process.exit(0))

async function follow(url: string, prefix: string, channel: string): Promise<void> {
  const log = redisLog({ url, prefix })
  const feed = log.follow({
    event: ({ payload }) => came(JSON.parse(String(payload)).number),
    epoch: () => {},
    unavailable: () => {},
  })
  await feed.watch(channel)
  end = () => log.close()
}

async function subscribe(url: string, channel: string): Promise<void> {
  const client = new Redis(url)
  client.on('message', (_, message) => came(JSON.parse(message).number))
  await client.subscribe(channel)
  end = async () => client.disconnect()
}
