import { setTimeout as wait } from 'node:timers/promises'
import type { ClaimContext, Experiment, Finding, Outcome } from '../claim.ts'
import { rounds } from '../pair.ts'
import { forkRole, type Role } from '../role.ts'
import type { OrderServer } from '../roles/order-server.ts'
import type { Sender, Upstream } from '../roles/sender.ts'
import { rangeOf, showRange } from '../samples.ts'

/** E11: who keeps the order. */
export const order: Experiment = {
  id: 'E11',
  title: 'Order of messages up',
  how: 'Numbered messages at an even pace to a server whose handling takes 0 to 20 ms; counted are those that were done after one with a higher number. POSTs over five connections of HTTP/1.1 and over one of HTTP/2, as they come and with a sequence that the server keeps; over a WebSocket, one after the other, and with a handler that awaits and is called again meanwhile.',
  run: measureOrder,
}

interface Way {
  readonly title: string
  readonly kind: Upstream
  readonly path: string
  readonly side: 'sse' | 'websocket'
  readonly inverted: number[]
}

function ways(): Way[] {
  const way = (title: string, kind: Upstream, path: string): Way => {
    return { title, kind, path, side: kind === 'websocket' ? 'websocket' : 'sse', inverted: [] }
  }
  return [
    way('POST on HTTP/1.1', 'http1', '/'),
    way('POST on HTTP/2', 'http2', '/'),
    way('POST on HTTP/1.1, in sequence', 'http1', '/in-sequence'),
    way('POST on HTTP/2, in sequence', 'http2', '/in-sequence'),
    way('frames, one after the other', 'websocket', '/'),
    way('frames, handled at once', 'websocket', '/at-once'),
  ]
}

const doneMs = 20_000

async function measureOrder(context: ClaimContext): Promise<Outcome> {
  const all = ways()
  const server = forkRole<OrderServer>('order-server')
  const sender = forkRole<Sender>('sender')
  try {
    const ports = await server.ask('listen')
    await rounds(Math.min(3, context.plan.rounds), context, async (round) => {
      for (const way of all) {
        context.tell(`${way.title}, round ${round + 1}`)
        const port = way.kind === 'http2' ? ports.http2 : ports.http1
        way.inverted.push(await inversions(context, { server, sender }, way, port))
      }
    })
  } finally {
    server.close()
    sender.close()
  }
  return report(all, context.plan.orderMessages)
}

/** Of a round: how many were done out of order, in percent. */
async function inversions(
  { plan }: ClaimContext,
  { server, sender }: { server: Role<OrderServer>; sender: Role<Sender> },
  { kind, path }: Way,
  port: number,
): Promise<number> {
  const { orderMessages: count, orderPerSecond: perSecond } = plan
  await server.ask('forget')
  const { failed } = await sender.ask('send', {
    kind,
    port,
    path,
    count,
    perSecond,
    bytes: 4,
    numbered: true,
  })
  if (failed > 0) throw new Error(`${failed} of ${count} messages failed over ${kind}.`)
  for (const until = performance.now() + doneMs; ; ) {
    const { done, inverted } = await server.ask('counts')
    if (done >= count) return (inverted * 100) / count
    if (performance.now() > until) throw new Error(`${done} of ${count} messages were done over ${kind}.`)
    await wait(20)
  }
}

function report(all: readonly Way[], count: number): Outcome {
  const worst = (title: string): number =>
    Math.max(...all.filter((one) => one.title.includes(title)).flatMap((one) => one.inverted))
  return {
    findings: [judgeOrder({ posts: least(all), queue: worst('one after'), atOnce: worst('at once') })],
    table: {
      head: [`${count} messages a round`, 'done out of order, %'],
      rows: all.map(({ title, inverted }) => [title, showRange(rangeOf(inverted))]),
    },
    chart: {
      title: 'Done out of order',
      unit: '% of the messages; less is better',
      bars: all.map(({ title, side, inverted }) => ({ title, side, value: rangeOf(inverted) })),
    },
    remarks: [
      'In sequence: the server holds a message back until the one before it is done, which costs a number in each and a bounded wait. Fairlead’s client and log do it for sends on every transport.',
    ],
  }
}

/** The lowest share of any round of plain POSTs. */
function least(all: readonly Way[]): number {
  return Math.min(
    ...all
      .filter(({ path, kind }) => path === '/' && kind !== 'websocket')
      .flatMap(({ inverted }) => inverted),
  )
}

/** "WebSockets need handling of message ordering": within a connection TCP keeps it, where a server takes one at a time. */
export function judgeOrder(share: { posts: number; queue: number; atOnce: number }): Finding {
  const said = 'WebSockets need handling of message ordering'
  if (share.queue > 0)
    return { said, verdict: 'confirmed', because: 'frames taken one after the other came out of order' }
  const posts =
    share.posts > 0 ? 'plain POSTs changed their order in every round' : 'plain POSTs kept it in a round'
  if (share.atOnce > 0)
    return {
      said,
      verdict: 'depends',
      because: `frames taken one after the other never changed their order; a handler that awaits and is called again meanwhile does; ${posts}`,
    }
  return { said, verdict: 'refuted', because: `frames never changed their order; ${posts}` }
}
