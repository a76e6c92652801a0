import type { TransportName } from '../../src/client/index.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { connectHastily } from './hasty-client.ts'
import { numbersOf } from './log-numbers.ts'
import { digest, planCuts } from './plan.ts'
import { ChaosProxy } from './proxy.ts'
import { startServer } from './server-process.ts'
import { type Count, Tally } from './tally.ts'

/** A run of numbered sends over a line that is cut. */
export interface SendsOptions {
  readonly seed: number
  readonly sends: number
  /** Sends a second. */
  readonly rate: number
  readonly cuts: number
  /** Changes of transport, spread evenly. */
  readonly changes: number
}

/** What became of the sends of one client. */
export interface SendsResult {
  /** The transport that it began on. */
  readonly transport: TransportName
  readonly answered: number
  /** What was appended, against what was sent. */
  readonly appended: Count
  readonly cuts: number
  readonly digest: string
  readonly changes: number
  /** Sends that were refused, and answers that name another event than the log holds. */
  readonly faults: readonly string[]
}

const all: readonly TransportName[] = ['sse', 'websocket', 'long-poll']
/** So that the cuts spread over the whole run, and all of them come. */
const spacing = { reach: { up: 3000, down: 3000 }, longestRestMs: 0 }

/** Sends from one client on each transport, all at once, to a handler that takes 0 to 20 ms. */
export async function runSends(options: SendsOptions): Promise<SendsResult[]> {
  const server = await startServer()
  try {
    // Something flows downward all the time.
    server.publish(100, ['feed/0'])
    return await Promise.all(all.map((transport, i) => sendFrom(transport, i, server.port, options)))
  } finally {
    server.close()
  }
}

async function sendFrom(
  transport: TransportName,
  index: number,
  port: number,
  { seed, sends, rate, cuts, changes }: SendsOptions,
): Promise<SendsResult> {
  const proxy = new ChaosProxy(port, planCuts(seed * 1000 + index, cuts, spacing))
  const client = connectHastily(`http://127.0.0.1:${await proxy.listen()}/live`, transport)
  const random = seededRandom(seed * 1000 + 500 + index)
  const channel = client.channel(`delayed/${transport}`)
  const answers: Promise<string | undefined>[] = []
  const faults: string[] = []
  let current = transport
  let changed = 0
  channel.on('numbered', () => {})
  client.channel('feed/0').on('tick', () => {})
  try {
    await paced(sends, rate, (n) => {
      answers.push(
        channel.send('numbered', { n }).then(
          ({ id }) => id,
          (error: unknown) => void faults.push(`send ${n}: ${String(error)}`),
        ),
      )
      if (n % Math.floor(sends / changes) !== 0 || changed === changes) return
      const others = all.filter((other) => other !== current)
      current = others[Math.floor(random() * others.length)]!
      changed++
      // A cut may take the change's first try: the client goes on trying, and the sends must not care.
      client.use(current).catch(() => {})
    })
    const ids = await Promise.all(answers)
    const held = await numbersOf(port, `delayed/${transport}`)
    const tally = new Tally()
    for (const { n, id } of held) {
      tally.add(n)
      if (ids[n - 1] !== id) faults.push(`send ${n} was answered ${ids[n - 1]}, the log holds ${id}`)
    }
    return {
      transport,
      answered: ids.filter((id) => id !== undefined).length,
      appended: tally.count(sends),
      cuts: proxy.made.length,
      digest: digest(proxy.made),
      changes: changed,
      faults,
    }
  } finally {
    client.close()
    await proxy.close()
  }
}

/** Calls `act` with 1 to `count`, so many times a second, by the clock: a late tick makes up for itself. */
function paced(count: number, rate: number, act: (n: number) => void): Promise<void> {
  return new Promise((resolve) => {
    const began = performance.now()
    let n = 0
    const timer = setInterval(() => {
      while (n < count && n < ((performance.now() - began) * rate) / 1000) act(++n)
      if (n < count) return
      clearInterval(timer)
      resolve()
    }, 5)
  })
}
