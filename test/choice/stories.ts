import { type Client, type Clock, connect, type TransportName } from '../../src/client/index.ts'
import { createServer, defineChannels, event } from '../../src/index.ts'
import { ConditionProxy } from './proxy.ts'
import { wordsOf } from './session.ts'

/** What is told of a page whose use or network changes. */
export interface Story {
  readonly id: string
  readonly tells: string
  readonly expected: readonly TransportName[]
  run(): Promise<StoryEnd>
}

/** How it went. */
export interface StoryEnd {
  readonly used: readonly string[]
  readonly events: number
  readonly lost: number
  readonly repeated: number
  readonly decisions: readonly string[]
  readonly faults: readonly string[]
}

/** Minutes pass in seconds, for client and server alike: this many times as fast. */
const speed = 30
const epoch = Date.now()
const fast: Clock = {
  now: () => epoch + (Date.now() - epoch) * speed,
  after(ms, fn) {
    const timer = setTimeout(fn, ms / speed)
    return () => clearTimeout(timer)
  },
  random: () => Math.random() / 4,
}
const minute = 60_000
const heartbeatMs = 20_000

const channels = defineChannels({
  feed: { read: 'public', events: { n: event<number>() } },
  chat: { read: 'public', send: 'public', events: { said: event<number>() } },
})

interface Scene {
  readonly client: Client<typeof channels>
  readonly proxy: ConditionProxy
  /** Sends so many messages a second of the fast clock. */
  type(perSecond: number): void
  /** Waits until it reads over this; at most so long on the fast clock. */
  reads(transport: TransportName, ms: number): Promise<void>
  rest(ms: number): Promise<void>
}

async function play(
  expected: readonly TransportName[],
  first: 'sse' | 'websocket',
  act: (scene: Scene) => Promise<void>,
): Promise<StoryEnd> {
  const server = createServer({ channels, clock: fast, heartbeatMs })
  const { port } = await server.listen({ port: 0 })
  const proxy = await ConditionProxy.to(port)
  const rest = (['sse', 'websocket', 'long-poll'] as const).filter((one) => one !== first)
  const client = connect<typeof channels>(`http://127.0.0.1:${proxy.port}/live`, {
    clock: fast,
    plan: { ladder: [first, ...rest], crossover: 4, fixed: first === 'websocket' },
  })
  const faults: string[] = []
  const used: string[] = []
  const got: number[] = []
  const said: number[] = []
  client.onState(({ transport }) => {
    if (transport && used.at(-1) !== transport) used.push(transport)
  })
  client.channel('feed', { after: 'earliest' }).on('n', (n) => got.push(n))
  client.channel('chat', { after: 'earliest' }).on('said', (n) => said.push(n))
  let published = 0
  const feed = setInterval(() => void server.channel('feed').publish('n', ++published), 20)
  let typing: NodeJS.Timeout | undefined
  let typed = 0
  const sends: Promise<unknown>[] = []
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms / speed))
  const until = async (holds: () => boolean, ms: number, what: string) => {
    for (const end = fast.now() + ms; !holds(); await wait(1_000))
      if (fast.now() > end) throw new Error(`Not within ${ms / 1000} s of the fast clock: ${what}.`)
  }
  try {
    await act({
      client,
      proxy,
      rest: wait,
      type(perSecond) {
        clearInterval(typing)
        // Ten times a second of the machine's: what was due since.
        let due = 0
        typing = setInterval(() => {
          for (due += (perSecond * speed) / 10; due >= 1; due--)
            sends.push(
              client
                .channel('chat')
                .send('said', ++typed)
                .catch((error) => faults.push(String(error))),
            )
        }, 100)
      },
      reads: (transport, ms) =>
        until(() => client.state.transport === transport, ms, `reads over ${transport}`),
    })
    clearInterval(typing)
    clearInterval(feed)
    await Promise.all(sends)
    await until(() => got.length >= published && said.length >= typed, 10 * minute, 'all that was sent came')
  } catch (error) {
    faults.push(String(error))
  }
  clearInterval(typing)
  clearInterval(feed)
  const decisions = wordsOf(client)
  client.close()
  await proxy.close()
  await server.close()
  const seen = new Set(got).size + new Set(said).size
  const lost = published + typed - seen
  const repeated = got.length + said.length - seen
  if (`${used}` !== `${expected}`) faults.push(`It read over ${used}, not over ${expected}.`)
  if (lost || repeated) faults.push(`${lost} lost, ${repeated} repeated.`)
  for (const list of [got, said])
    if (list.some((n, index) => index > 0 && n < list[index - 1]!)) faults.push('Out of order.')
  return { used, events: published + typed, lost, repeated, decisions, faults }
}

const there = ['sse', 'websocket', 'sse'] as const

export const stories: readonly Story[] = [
  {
    id: 'dashboard-chat',
    tells: 'a dashboard on SSE whose user opens the chat and types a lot, then reads again',
    expected: there,
    run() {
      return play(this.expected, 'sse', async ({ type, reads, rest }) => {
        await reads('sse', minute)
        await rest(2 * minute)
        type(8)
        await reads('websocket', 6 * minute)
        await rest(minute)
        type(0)
        await reads('sse', 30 * minute)
      })
    },
  },
  {
    id: 'cursor-20-hz',
    tells: 'a cursor at 20 a second, that rests at last',
    expected: there,
    run() {
      return play(this.expected, 'sse', async ({ type, reads }) => {
        await reads('sse', minute)
        type(20)
        await reads('websocket', 6 * minute)
        type(0)
        await reads('sse', 30 * minute)
      })
    },
  },
  {
    id: 'laptop-proxy',
    tells: 'a laptop that moves behind a proxy that drops frames, and back',
    expected: ['websocket', 'sse', 'websocket'],
    run() {
      return play(this.expected, 'websocket', async ({ proxy, type, reads, rest }) => {
        await reads('websocket', minute)
        type(1)
        await rest(minute)
        proxy.set({ upgrade: 'mute' })
        await reads('sse', 2 * minute)
        await rest(minute)
        proxy.set({})
        await reads('websocket', 12 * minute)
        await rest(minute)
      })
    },
  },
]
