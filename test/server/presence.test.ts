import { describe, expect, it } from 'vitest'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const channels = { room: { read: 'public', presence: true }, plain: { read: 'public' } } as const
const ada = 'ada-client'
const bob = 'bob-client'

describe('presence', () => {
  it('knows who is on a channel, whatever the transport, and tells of joins and leaves', async () => {
    const { url, server } = await serve({ channels })
    const watcher = await openSocket(`${url}/room`)
    const plain = await openStream(`${url}/room`)
    const socket = await openSocket(url)
    socket.say({ op: 'subscribe', ref: 1, channel: 'room', client: ada })
    expect(await watcher.message('presence', ({ join }) => join.includes(ada))).toMatchObject({
      channel: 'room',
      leave: [],
    })
    await fetch(`${url}/room?limit=1&client=${bob}`)
    const joined = await plain.event('$join', ({ data }) => data.includes(bob))
    expect(JSON.parse(joined.data)).toEqual({ channel: 'room', members: [bob] })
    expect(await (await fetch(`${url}/_presence/room`)).json()).toEqual({ members: [ada, bob] })
    expect(await server.channel('room').members()).toEqual([ada, bob])
    socket.ws.close(1000)
    await watcher.message('presence', ({ leave }) => leave.includes(ada))
    expect(await server.channel('room').members()).toEqual([bob])
  })

  it('hears of a client by its upstream, and of its goodbye', async () => {
    const { url, server } = await serve({ channels })
    await openStream(`${url}/room?client=${ada}`)
    const say = (op: string) =>
      post(`${url}/_presence`, JSON.stringify({ op, client: bob, channels: ['room', 'plain'] }))
    expect((await say('alive')).status).toBe(204)
    expect(await server.channel('room').members()).toEqual([ada, bob])
    expect((await say('leave')).status).toBe(204)
    expect(await server.channel('room').members()).toEqual([ada])
  })

  it('forgets a silent client after its time, and not one whose connection was only cut', async () => {
    const { url, server } = await serve({ channels, presenceTimeoutMs: 600 })
    const stream = await openStream(`${url}/room?client=${ada}`)
    stream.close()
    expect(await server.channel('room').members()).toEqual([ada])
    let members = [ada]
    await until(() => {
      void server
        .channel('room')
        .members()
        .then((now) => {
          members = now
        })
      return members.length === 0
    }, 'the member to be forgotten')
  })

  it('refuses what is no client id, and channels without presence', async () => {
    const { url } = await serve({ channels })
    expect((await fetch(`${url}/room?client=short`)).status).toBe(400)
    expect((await fetch(`${url}/_presence/plain`)).status).toBe(404)
    expect((await post(`${url}/_presence`, '{"op":"dance"}')).status).toBe(400)
  })
})
