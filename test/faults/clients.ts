import { connect } from '../../src/client/index.ts'
import { type Count, sum, Tally } from '../chaos/tally.ts'
import { answerOrders, setupOf } from './talk.ts'

/** Clients of the SDK in a process of their own, which can be stopped, or stand in a network of its own. */
export interface ClientsSetup {
  readonly url: string
  /** One client for each. */
  readonly transports: readonly ('sse' | 'websocket' | 'long-poll')[]
  readonly channel: string
  readonly presence?: boolean
}

/** From the parent: `stopAt` is the last number published. */
export type ClientsOrder = { readonly do: 'look' } | { readonly do: 'count'; readonly last: number }

/** What the clients are at. */
export interface ClientsLook {
  /** How many are open, by transport's place in the setup. */
  readonly open: readonly boolean[]
  readonly received: readonly number[]
  readonly highest: readonly number[]
  /** How often each lost its stream. */
  readonly cuts: readonly number[]
  /** When each last opened, and last lost its stream, on the machine's monotonic clock, in milliseconds; 0: never. */
  readonly openedAt: readonly number[]
  readonly lostAt: readonly number[]
  /** When each last got an event, on the same clock. */
  readonly heardAt: readonly number[]
  readonly faults: readonly string[]
}

const { url, transports, channel, presence = false } = setupOf<ClientsSetup>()

const clients = transports.map((transport) => {
  const tally = new Tally()
  const seen = { tally, open: false, received: 0, cuts: 0, openedAt: 0, lostAt: 0, heardAt: 0 }
  const faults: string[] = []
  const client = connect(url, { transport, presence })
  client.onState(({ phase, reason }) => {
    if (phase === 'open') seen.openedAt = monotonicMs()
    else if (seen.open) {
      seen.cuts++
      seen.lostAt = monotonicMs()
    }
    seen.open = phase === 'open'
    if (phase === 'closed') faults.push(`${transport} gave up: ${reason}`)
  })
  const open = client.channel(channel, { after: 'earliest' })
  open.on('tick', (data) => {
    seen.received++
    seen.heardAt = monotonicMs()
    tally.add((data as { n: number }).n)
  })
  open.onReset(({ reason }) => void faults.push(`${transport} was reset: ${reason}`))
  return { seen, faults }
})

/** All processes of a machine read the same clock. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

function look(): ClientsLook {
  const each = <T>(of: (seen: (typeof clients)[number]['seen']) => T): T[] =>
    clients.map(({ seen }) => of(seen))
  return {
    open: each(({ open }) => open),
    received: each(({ received }) => received),
    highest: each(({ tally }) => tally.highest),
    cuts: each(({ cuts }) => cuts),
    openedAt: each(({ openedAt }) => openedAt),
    lostAt: each(({ lostAt }) => lostAt),
    heardAt: each(({ heardAt }) => heardAt),
    faults: clients.flatMap(({ faults }) => faults),
  }
}

const count = (last: number): Count => sum(clients.map(({ seen }) => seen.tally.count(last)))

answerOrders<ClientsOrder>(null, (order) => (order.do === 'look' ? look() : count(order.last)))
