import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type LoadTransport, Subscribers } from '../../src/load/subscribers.ts'
import { forkSubscribers, type SubscribersProcess } from '../../src/load/subscribers-process.ts'
import { stamp } from '../../src/load/tally.ts'
import { createServer } from '../../src/server/create-server.ts'

const transports: readonly LoadTransport[] = ['sse', 'websocket', 'long-poll']
const server = createServer({ dev: true })
let live = ''
const forked: SubscribersProcess[] = []

beforeAll(async () => {
  live = `${(await server.listen({ port: 0 })).url}/live`
})

afterEach(() => {
  for (const one of forked.splice(0)) one.close()
})

afterAll(() => server.close())

function fork(options: Parameters<typeof forkSubscribers>[0]): SubscribersProcess {
  const one = forkSubscribers(options)
  forked.push(one)
  return one
}

async function publish(channel: string, count: number): Promise<string> {
  let last = ''
  for (let i = 0; i < count; i++) {
    last = (await server.channel(channel).publish('tick', { i, '\n"id":"x"': '\n\n', sent: stamp() })).id!
  }
  return last
}

describe.each(transports)('subscribers over %s', (transport) => {
  it('count exactly what was published, after a resume too', async () => {
    const channel = `counted/${transport}`
    const subscribers = fork({ transport, count: 50, urls: [`${live}/${channel}`] })
    expect(await subscribers.open()).toMatchObject({ open: 50, events: 0, failures: 0 })

    const last = await publish(channel, 40)
    const live40 = await subscribers.reached(40)
    expect(live40).toMatchObject({ events: 2000, fewest: 40, most: 40, last: { [last]: 50 } })
    expect(live40.latency?.count).toBe(2000)

    expect(await subscribers.cut()).toMatchObject({ open: 0 })
    const missed = await publish(channel, 60)
    await subscribers.open()
    expect(await subscribers.reached(100)).toMatchObject({ events: 5000, last: { [missed]: 50 } })
    const newest = await publish(channel, 1)
    await subscribers.reached(101)
    expect(await subscribers.counts()).toMatchObject({
      open: 50,
      events: 5050,
      fewest: 101,
      most: 101,
      resets: 0,
      repeated: 0,
      disordered: 0,
      failures: 0,
      last: { [newest]: 50 },
    })
  })

  it('share several channels out, start where they are told, and take bytes', async () => {
    const names = ['a', 'b'].map((name) => `shared/${transport}/${name}`)
    for (const name of names) await server.channel(name).publish('raw', new Uint8Array([0, 10, 10, 1]))
    const subscribers = new Subscribers({
      transport,
      count: 4,
      urls: names.map((name) => `${live}/${name}`),
      after: 'earliest',
    })
    await subscribers.open()
    await server.channel(names[0]!).publish('message', 'text')
    await server.channel(names[1]!).publish('message', 'text')
    await subscribers.reached(2)
    expect(subscribers.counts()).toMatchObject({ events: 8, fewest: 2, most: 2 })
    expect(Object.values(subscribers.counts().first)).toEqual([2, 2])
    subscribers.cut()
  })

  it('count a refusal, a reset and an order that is not kept', async () => {
    const refused = new Subscribers({ transport, count: 1, urls: [`${live}/_no`] })
    await refused.open()
    expect(refused.counts()).toMatchObject({ open: 0, failures: 1 })

    const stale = new Subscribers({ transport, count: 1, urls: [`${live}/gap/${transport}`], after: 'old.7' })
    await stale.open()
    await server.channel(`gap/${transport}`).publish('tick', 1)
    await stale.reached(1)
    expect(stale.counts()).toMatchObject({ resets: 1, events: 1, failures: 0, disordered: 0 })
    stale.cut()
  })
})
