import { describe, expect, it, onTestFinished } from 'vitest'
import type { TransportName } from '../../src/client/index.ts'
import { connectShared, type SharedClient } from '../../src/client/tabs.ts'
import { serve, until } from '../server/serve.ts'
import { FakeBrowser, type FakeTab } from './fake-browser.ts'

/** A server that counts up, and tabs that each read all of it. */
async function open(count: number, transport: TransportName = 'sse') {
  const { server, url } = await serve({
    channels: { numbers: { read: 'public', send: 'public' }, letters: { read: 'signed-in' } },
  })
  const browser = new FakeBrowser()
  const tabs: { tab: FakeTab; client: SharedClient; seen: number[] }[] = []
  const add = () => {
    const tab = browser.tab()
    const { locks, openBus, clock, fetch } = tab
    const client = connectShared(url, { locks, openBus, clock, fetch, transport })
    onTestFinished(() => client.close())
    const seen: number[] = []
    client.channel('numbers', { after: 'earliest' }).on('tick', (data) => void seen.push(data as number))
    tabs.push({ tab, client, seen })
    return tabs.at(-1)!
  }
  for (let i = 0; i < count; i++) add()
  let sent = 0
  const publish = async (n: number) => {
    for (let i = 0; i < n; i++) await server.channel('numbers').publish('tick', sent++)
  }
  const all = (of = tabs) =>
    until(() => of.every(({ seen }) => seen.length >= sent), `all ${sent} in each tab`, 15_000)
  const exact = (of = tabs) => {
    for (const { seen } of of) expect(seen).toEqual(Array.from({ length: sent }, (_, i) => i))
  }
  const connections = () => {
    const { connections: byKind } = server.status() as { connections: Record<string, number> }
    return Object.values(byKind).reduce((sum, n) => sum + n, 0)
  }
  const leader = () => tabs.find(({ client }) => client.state.leads)
  await until(() => tabs.every(({ client }) => client.state.phase === 'open'), 'every tab', 15_000)
  return { server, url, tabs, add, publish, all, exact, connections, leader }
}

describe('tabs that share a connection', () => {
  it('are one connection to the server, and each sees each event once and in order', async () => {
    const { tabs, publish, all, exact, connections, add } = await open(10)
    await publish(50)
    await all()
    expect(connections()).toBe(1)
    expect(tabs.map(({ client }) => client.state.transport)).toEqual(tabs.map(() => 'sse'))
    expect(tabs.filter(({ client }) => client.state.leads)).toHaveLength(1)
    const late = add()
    await publish(50)
    await all()
    exact()
    expect(late.client.state.shared).toBe(true)
    expect(connections()).toBe(1)
  })

  it.each(['websocket', 'long-poll'] as const)('share one of %s as well', async (transport) => {
    const { tabs, publish, all, exact, leader } = await open(3, transport)
    await publish(50)
    await all()
    expect(tabs.map(({ client }) => client.state.transport)).toEqual(tabs.map(() => transport))
    const first = leader()!
    const others = tabs.filter((one) => one !== first)
    first.client.close()
    await publish(50)
    await all(others)
    exact(others)
  })

  it('are told when one of them takes the lead', async () => {
    const { tabs, leader } = await open(2)
    const first = leader()!
    const other = tabs.find((one) => one !== first)!
    const led: boolean[] = []
    other.client.onState(({ leads }) => void led.push(leads))
    first.client.close()
    await until(() => led.includes(true), 'the news')
    expect(other.client.state.leads).toBe(true)
  })

  it('go on where they were when the one that leads closes', async () => {
    const { tabs, publish, all, exact, leader, connections } = await open(4)
    await publish(20)
    const first = leader()!
    const counting = publish(200)
    first.client.close()
    await counting
    const others = tabs.filter((one) => one !== first)
    await all(others)
    exact(others)
    await until(() => connections() === 1, 'one connection')
    expect(others.filter(({ client }) => client.state.leads)).toHaveLength(1)
  })

  it('go on where they were when the one that leads crashes', async () => {
    const { tabs, publish, all, exact, leader } = await open(3)
    await publish(20)
    const first = leader()!
    const counting = publish(200)
    first.tab.crash()
    await counting
    const others = tabs.filter((one) => one !== first)
    await all(others)
    exact(others)
  })

  it('take the lead of one that froze, which gives way as it thaws, and shows no event twice', async () => {
    const { tabs, publish, all, exact, leader, connections } = await open(3)
    await publish(20)
    await all()
    const first = leader()!
    first.tab.freeze()
    await publish(100)
    const others = tabs.filter((one) => one !== first)
    await all(others)
    exact(others)
    first.tab.thaw()
    await publish(100)
    await all()
    exact()
    await until(() => tabs.filter(({ client }) => client.state.leads).length === 1, 'one leader')
    await until(() => connections() === 1, 'one connection')
  })

  it('send, each by itself, and learn what may not be read', async () => {
    const { tabs, all, server } = await open(2)
    const [one, two] = tabs
    const errors: unknown[] = []
    for (const { client } of tabs) client.channel('letters').onError((error) => void errors.push(error))
    for (const { client } of tabs) client.channel('letters').open()
    await until(() => errors.length >= 2, 'the refusals', 15_000)
    expect(errors).toMatchObject([{ code: 'auth_required' }, { code: 'auth_required' }])
    await two!.client.channel('numbers').send('tick', 7)
    await until(() => one!.seen.includes(7) && two!.seen.includes(7), 'the send in both', 15_000)
    expect((await server.channel('numbers').history()).events).toHaveLength(1)
    await all([])
  })

  it('each have a connection of their own where there are no locks, and say so', async () => {
    const { server, url } = await serve({ channels: { numbers: { read: 'public' } } })
    const client = connectShared(url, { openBus: () => () => ({ post: () => {}, close: () => {} }) })
    onTestFinished(() => client.close())
    const seen: unknown[] = []
    client.channel('numbers', { after: 'earliest' }).on('tick', (data) => void seen.push(data))
    await server.channel('numbers').publish('tick', 1)
    await until(() => seen.length === 1, 'the event')
    expect(client.state).toMatchObject({ phase: 'open', shared: false, leads: false })
    expect(client.state.whyAlone).toContain('Web Locks')
  })
})
