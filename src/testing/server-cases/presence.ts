import { deepStrictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { contractCases, declaredChannel, type ServerCase } from './case.ts'
import { post, type Target } from './target.ts'

/** Who is on a channel (PROTOCOL.md, section 8). */
export const presenceCases: readonly ServerCase[] = contractCases('presence', '8', [
  ['websocket', 'A WebSocket with client in its URL is a member until it says goodbye.', byWebSocket],
  ['subscribe', 'So is a subscribe with client.', bySubscribe],
  ['sse', 'A stream with client is a member until the client says so by POST.', bySse],
  ['long-poll', 'A long-poll with client is a member.', byLongPoll],
  ['two-connections', 'A client on two connections is one member, told of once.', twoConnections],
  ['alive', 'alive by POST is a sign of life, and makes a member.', alive],
  ['envelope', 'In envelopes joins and leaves are presence messages.', inEnvelopes],
  ['not-stored', 'Joins and leaves are not stored.', notStored],
  ['not-asked', 'A channel that does not ask for presence has none.', notAsked],
  ['bad-client', 'A client id of another form is refused.', badClient],
])

function newClient(): string {
  return randomBytes(8).toString('hex')
}

async function members(target: Target, channel: string): Promise<unknown> {
  const answer = await target.http(`/_presence/${channel}`)
  deepStrictEqual(answer.status, 200, answer.body)
  return answer.json().members
}

function say(target: Target, op: string, client: string, channel: string) {
  return target.http('/_presence', post(JSON.stringify({ op, client, channels: [channel] })))
}

/** Watches a channel and reads `+member` and `-member` as they come. */
async function watch(target: Target, channel: string): Promise<() => Promise<string>> {
  const stream = await target.sse(`/${channel}`)
  const waiting: string[] = []
  return async () => {
    while (waiting.length === 0) {
      const block = await stream.event()
      const sign = block.event === '$join' ? '+' : block.event === '$leave' ? '-' : `${block.event} `
      const said = JSON.parse(block.data ?? '') as { channel: string; members: string[] }
      deepStrictEqual(said.channel, channel)
      waiting.push(...said.members.map((member) => sign + member))
    }
    return waiting.shift()!
  }
}

async function byWebSocket(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const [client, next] = [newClient(), await watch(target, channel)]
  deepStrictEqual(await members(target, channel), [])
  const socket = await target.socket(`/${channel}?client=${client}`)
  deepStrictEqual(await next(), `+${client}`)
  deepStrictEqual(await members(target, channel), [client])
  socket.close(1000)
  deepStrictEqual(await next(), `-${client}`)
  deepStrictEqual(await members(target, channel), [])
}

async function bySubscribe(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const [client, next] = [newClient(), await watch(target, channel)]
  const socket = await target.socket('')
  deepStrictEqual((await socket.ask({ op: 'subscribe', channel, client })).op, 'ok')
  deepStrictEqual(await next(), `+${client}`)
  socket.close(1000)
  deepStrictEqual(await next(), `-${client}`)
}

async function bySse(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const [client, next] = [newClient(), await watch(target, channel)]
  const stream = await target.sse(`/${channel}?client=${client}`)
  deepStrictEqual(await next(), `+${client}`)
  stream.cut()
  deepStrictEqual(await members(target, channel), [client], 'a cut is no goodbye')
  deepStrictEqual((await say(target, 'leave', client, channel)).status, 204)
  deepStrictEqual(await next(), `-${client}`)
}

async function byLongPoll(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const [client, next] = [newClient(), await watch(target, channel)]
  await target.http(`/${channel}?limit=1&client=${client}`)
  deepStrictEqual(await next(), `+${client}`)
  deepStrictEqual(await members(target, channel), [client])
}

async function twoConnections(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const [client, other, next] = [newClient(), newClient(), await watch(target, channel)]
  await target.sse(`/${channel}?client=${client}`)
  const socket = await target.socket(`/${channel}?client=${client}`)
  await socket.op('heartbeat')
  await target.sse(`/${channel}?client=${other}`)
  deepStrictEqual([await next(), await next()].sort(), [`+${client}`, `+${other}`].sort())
  deepStrictEqual(await members(target, channel), [client, other].sort())
}

async function alive(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const [client, next] = [newClient(), await watch(target, channel)]
  deepStrictEqual((await say(target, 'alive', client, channel)).status, 204)
  deepStrictEqual(await next(), `+${client}`)
}

async function inEnvelopes(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const client = newClient()
  const stream = await target.sse(`/${channel}?format=envelope`)
  const socket = await target.socket(`/${channel}`)
  await socket.op('heartbeat')
  await stream.next()
  await say(target, 'alive', client, channel)
  const expected = { op: 'presence', channel, join: [client], leave: [] }
  deepStrictEqual(JSON.parse((await stream.event()).data ?? ''), expected)
  deepStrictEqual((await socket.next()).envelope, expected)
}

async function notStored(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const next = await watch(target, channel)
  const before = await target.position(channel)
  await say(target, 'alive', newClient(), channel)
  await next()
  const answer = await target.http(`/${channel}?after=${before}&limit=10`)
  deepStrictEqual(answer.json().events, [])
}

async function notAsked(target: Target): Promise<void> {
  declaredChannel(target, 'presence')
  const channel = target.channel()
  const stream = await target.sse(`/${channel}?client=${newClient()}`)
  await target.publish(channel, 1)
  deepStrictEqual((await stream.event()).event, 'message')
  deepStrictEqual((await target.http(`/_presence/${channel}`)).status, 404)
}

async function badClient(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'presence')
  const answer = await say(target, 'alive', 'no good', channel)
  deepStrictEqual([answer.status, answer.json().code], [400, 'invalid_client'])
}
