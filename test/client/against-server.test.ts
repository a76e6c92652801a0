import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Client, type ConnectOptions, connect, type TransportName } from '../../src/client/index.ts'
import { createServer, defineChannels, event, FairleadError, type FairleadServer } from '../../src/index.ts'
import { hasty, until } from './fake-server.ts'
import { type Line, startLine } from './line.ts'

const channels = defineChannels({
  orders: { read: 'public', send: 'public', events: { placed: event<number>(), blob: event<Uint8Array>() } },
  stock: { read: 'public', send: 'public', events: { left: event<number>() } },
  cursors: { read: 'public', send: 'public', retention: 'none', events: { at: event<number>() } },
  lobby: { read: 'public', presence: true },
  mine: { read: 'signed-in', send: 'signed-in' },
  handled: {
    read: 'public',
    send: 'public',
    events: { count: event<number>() },
    onSend: ({ data }) => {
      if (data === 13) throw new FairleadError('forbidden', 'Not this one.')
      return { doubled: Number(data) * 2 }
    },
  },
})

const transports: TransportName[] = ['sse', 'websocket', 'long-poll']

let server: FairleadServer<typeof channels>
let line: Line
const clients: Client<typeof channels>[] = []

async function start(port = 0): Promise<number> {
  server = createServer({
    channels,
    authenticate: ({ headers }) => {
      if (headers.authorization === undefined) return null
      if (headers.authorization === 'Bearer good') return { id: 'someone' }
      throw new FairleadError('invalid_token', 'Not one of ours.')
    },
  })
  return (await server.listen({ port, host: '127.0.0.1' })).port
}

beforeEach(async () => {
  line = await startLine(await start())
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await line.close()
  await server.close()
})

function open(options: ConnectOptions): Client<typeof channels> {
  const client = connect<typeof channels>(`http://127.0.0.1:${line.port}/live`, { clock: hasty, ...options })
  clients.push(client)
  return client
}

/** Places numbered orders at a rate, until it is stopped; answers the last number. */
function placing(perSecond: number): { stop(): Promise<number> } {
  const began = performance.now()
  const placed: Promise<unknown>[] = []
  const timer = setInterval(() => {
    while (placed.length < ((performance.now() - began) * perSecond) / 1000) {
      placed.push(server.channel('orders').publish('placed', placed.length + 1))
    }
  }, 2)
  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(placed)
      return placed.length
    },
  }
}

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1)

describe.each(transports)('over %s', (transport) => {
  it('what is sent comes round, in order, text and bytes', async () => {
    const client = open({ transport })
    const seen: unknown[] = []
    const orders = client.channel('orders', { after: 'earliest' })
    orders.on('*', (data, { id }) => seen.push([data, id]))
    const { id, durability } = await orders.send('placed', 1)
    const blob = await orders.send('blob', Uint8Array.of(0, 255))
    await until(() => seen.length === 2)
    expect(seen).toEqual([
      [1, id],
      [Uint8Array.of(0, 255), blob.id],
    ])
    expect(durability).toBe('memory')
    expect(orders.position).toBe(blob.id)
  })

  it('the first cut before the first event loses nothing', async () => {
    const client = open({ transport })
    const seen: unknown[] = []
    const orders = client.channel('orders')
    orders.on('placed', (n) => seen.push(n))
    await until(() => orders.position !== undefined)
    line.isDown = true
    line.cut()
    await server.channel('orders').publish('placed', 1)
    line.isDown = false
    await until(() => seen.length === 1)
    expect(client.state.transport).toBe(transport)
  })

  it('cuts under load lose, repeat and reorder nothing', async () => {
    const client = open({ transport })
    const seen: number[] = []
    client.channel('orders', { after: 'earliest' }).on('placed', (n) => seen.push(n))
    client.channel('stock').open()
    const orders = placing(500)
    for (let cuts = 0; cuts < 8; cuts++) {
      const before = seen.length
      await until(() => seen.length > before + 20)
      line.cut()
    }
    const last = await orders.stop()
    await until(() => seen.length >= last)
    expect(seen).toEqual(upTo(last))
  })

  it('several channels, one added later, each come whole', async () => {
    const client = open({ transport })
    const seen: Record<string, number[]> = { orders: [], stock: [] }
    client.channel('orders', { after: 'earliest' }).on('placed', (n) => seen.orders!.push(n))
    const orders = placing(500)
    await until(() => seen.orders!.length > 20)
    for (const n of [1, 2, 3]) await server.channel('stock').publish('left', n)
    client.channel('stock', { last: 2 }).on('left', (n) => seen.stock!.push(n))
    await until(() => seen.stock!.length === 2)
    await server.channel('stock').publish('left', 4)
    const last = await orders.stop()
    await until(() => seen.stock!.length === 3 && seen.orders!.length >= last)
    expect(seen).toEqual({ orders: upTo(last), stock: [2, 3, 4] })
  })

  it('a page opened at any moment of 200 orders a second shows each order once', async () => {
    // The application's state is a fold over the channel, and says how far it has come.
    const state = { position: await server.channel('orders').position(), orders: [] as number[] }
    const over = new AbortController()
    const folding = (async () => {
      for await (const { id, data } of server.channel('orders').events({ signal: over.signal })) {
        state.orders.push(data as number)
        state.position = id!
      }
    })()
    const orders = placing(200)
    const pages: number[][] = []
    for (let page = 0; page < 5; page++) {
      const shown: number[] = []
      pages.push(shown)
      const load = async () => ({ position: state.position, orders: [...state.orders] })
      const channel = open({ transport }).channel('orders', { load })
      channel.onLoad((loaded) => shown.splice(0, shown.length, ...loaded.orders))
      channel.on('placed', (n) => shown.push(n))
      await until(() => shown.length > page * 7 + 10)
    }
    const last = await orders.stop()
    await until(() => pages.every((shown) => shown.length >= last))
    for (const shown of pages) expect(shown).toEqual(upTo(last))
    over.abort()
    await folding
  })

  it('a new epoch is told, and the state loaded again', async () => {
    const client = open({ transport })
    const notes: unknown[] = []
    const orders = client.channel('orders', {
      load: async () => ({ position: await server.channel('orders').position() }),
    })
    orders.onLoad(({ position }) => notes.push(['load', position]))
    orders.onReset(({ reason }) => notes.push(['reset', reason]))
    orders.on('placed', (n) => notes.push(n))
    await until(() => client.state.phase === 'open')
    const { id } = await server.channel('orders').publish('placed', 1)
    await until(() => notes.length === 2)
    const port = line.port
    line.isDown = true
    line.cut()
    await server.close()
    await line.close()
    line = await startLine(await start(), port)
    await until(() => notes.length === 4)
    await until(() => client.state.phase === 'open' && orders.position !== undefined)
    await server.channel('orders').publish('placed', 2)
    await until(() => notes.length === 5)
    expect(notes).toMatchObject([['load', {}], 1, ['reset', 'epoch'], ['load', {}], 2])
    expect(orders.position).not.toContain(id!.split('.')[0])
  })

  it('a thousand sends are handled in order, each once, through cuts', async () => {
    const client = open({ transport })
    const seen: number[] = []
    client.channel('orders', { after: 'earliest' }).on('placed', (n) => seen.push(n))
    const answers: Promise<{ id?: string }>[] = []
    for (let n = 1; n <= 1000; n++) {
      answers.push(client.channel('orders').send('placed', n))
      if (n % 250 === 0) {
        await until(() => seen.length > n - 200)
        line.cut()
      }
    }
    const ids = (await Promise.all(answers)).map(({ id }) => id)
    await until(() => seen.length >= 1000)
    expect(seen).toEqual(upTo(1000))
    expect(new Set(ids).size).toBe(1000)
    const { events } = await server.channel('orders').history({ after: 'earliest', limit: 1000 })
    expect(events.map(({ id }) => id)).toEqual(ids)
  })

  it('a handler answers and refuses', async () => {
    const handled = open({ transport }).channel('handled')
    handled.open()
    expect(await handled.send('count', 21)).toEqual({ data: { doubled: 42 } })
    await expect(handled.send('count', 13)).rejects.toMatchObject({
      code: 'forbidden',
      message: 'Not this one.',
    })
  })

  it('an append that something newer is in the way of says so', async () => {
    const orders = open({ transport }).channel('orders')
    orders.open()
    const { id } = await orders.send('placed', 1)
    await expect(orders.send('placed', 2, { after: id!.replace(/\d+$/, '0') })).rejects.toMatchObject({
      code: 'conflict',
      position: id,
    })
  })

  it('events that no log keeps come through while the line holds', async () => {
    const client = open({ transport })
    const seen: number[] = []
    client.channel('cursors').on('at', (n) => seen.push(n))
    await until(() => client.state.phase === 'open')
    await until(() => {
      void server.channel('cursors').publish('at', 7)
      return seen.length > 0
    })
    expect(seen[0]).toBe(7)
  })

  it('who may not read is told, and who has a token may', async () => {
    const errors: unknown[] = []
    const stranger = open({ transport })
    stranger.channel('mine').onError((error) => errors.push(error))
    stranger.channel('mine').open()
    await until(() => errors.length === 1)
    expect(errors).toMatchObject([{ code: 'auth_required' }])
    const known = open({ transport, token: async () => 'good' })
    const seen: unknown[] = []
    known.channel('mine').on('*', (data) => seen.push(data))
    await until(() => known.state.phase === 'open' && known.channel('mine').position !== undefined)
    await known.channel('mine').send('note', 'hello')
    await until(() => seen.length === 1)
  })

  it('a token that is wrong closes the client', async () => {
    const client = open({ transport, token: 'wrong' })
    client.channel('orders').onError(() => {})
    client.channel('orders').open()
    await until(() => client.state.phase === 'closed')
    expect(client.state.error).toMatchObject({ code: 'invalid_token' })
  })

  it('a member comes, stays through a change of transport, and leaves', async () => {
    const watcher = open({ transport: 'websocket' })
    const changes: string[] = []
    watcher.channel('lobby').onPresence(({ join, leave }) => {
      changes.push(...join.map((id) => `+${id}`), ...leave.map((id) => `-${id}`))
    })
    await until(() => watcher.channel('lobby').position !== undefined)
    const client = open({ transport, presence: true })
    client.channel('lobby').open()
    await until(() => changes.length === 1)
    expect(await client.channel('lobby').members()).toEqual([client.id])
    for (const other of transports) if (other !== transport) await client.use(other)
    await client.use(transport)
    client.close()
    await until(() => changes.length === 2)
    expect(changes).toEqual([`+${client.id}`, `-${client.id}`])
  })

  it('a server that closes is waited for, on the same transport', async () => {
    const others = transports.filter((other) => other !== transport)
    // Not hasty: the tries that it is loyal for have to outlast the restart.
    const client = open({ transport: [transport, ...others], clock: { ...hasty, random: () => 0.5 } })
    client.channel('orders').open()
    await until(() => client.state.phase === 'open')
    const port = line.port
    await server.close()
    await until(() => client.state.phase !== 'open')
    await line.close()
    line = await startLine(await start(), port)
    // A server that drains spreads its clients over some seconds.
    await until(() => client.state.phase === 'open', 15_000)
    expect(client.state.transport).toBe(transport)
  })
})

describe('changes of transport', () => {
  it('under 500 events a second lose, repeat and reorder nothing', async () => {
    const client = open({ transport: 'sse' })
    const seen: number[] = []
    client.channel('orders', { after: 'earliest' }).on('placed', (n) => seen.push(n))
    client.channel('stock').open()
    const orders = placing(500)
    for (let changes = 0; changes < 24; changes++) {
      const before = seen.length
      await client.use(transports[(changes + 1) % 3]!)
      await until(() => seen.length > before + 5)
    }
    const last = await orders.stop()
    await until(() => seen.length >= last)
    expect(seen).toEqual(upTo(last))
  })

  it('keep sends in order, each done once', async () => {
    const client = open({ transport: 'websocket' })
    client.channel('orders').open()
    const answers: Promise<unknown>[] = []
    for (let n = 1; n <= 300; n++) {
      answers.push(client.channel('orders').send('placed', n))
      if (n % 25 === 0) await client.use(transports[(n / 25) % 3]!)
    }
    await Promise.all(answers)
    const { events } = await server.channel('orders').history({ after: 'earliest', limit: 1000 })
    expect(events.map(({ data }) => data)).toEqual(upTo(300))
  })
})
