import { deepStrictEqual, ok } from 'node:assert/strict'
import type { WireMessage } from '../wire/websocket.ts'
import { contractCases, type ServerCase, Skipped } from './case.ts'
import { count } from './items.ts'
import type { Target } from './target.ts'

/** The WebSocket, message by message (PROTOCOL.md, section 5). */
export const websocketCases: readonly ServerCase[] = contractCases('websocket', '5', [
  ['first-message', "The first message on a channel's URL is a heartbeat with its position.", firstMessage],
  ['first-message-bare', 'The first message on the base URL is a heartbeat without one.', firstMessageBare],
  ['heartbeat-again', 'When nothing else comes, the heartbeat does.', heartbeatAgain],
  ['pings', 'The server pings, and drops who leaves two pings unanswered.', pings],
  [
    'channel-url',
    "A channel's URL is subscribed at once, and its messages may leave the channel out.",
    channelUrl,
  ],
  ['channel-url-after', 'after and last in the URL say where it starts.', channelUrlAfter],
  ['ok-first', "A subscribe's ok carries the position and comes before the first event.", okFirst],
  ['ok-of-last', 'With last=N the position is the place before those events.', okOfLast],
  ['unsubscribe', "After an unsubscribe's ok no event of that channel comes.", unsubscribe],
  ['event', 'An event is the envelope, with its time.', event],
  ['bytes', 'Bytes are a binary message: header length, envelope without data, the bytes.', bytes],
  ['refs', 'Answers carry the ref of what they answer, whatever number it is.', refs],
  ['reset-op', 'A reset has the fields of the SSE stream.', resets],
])

async function firstMessage(target: Target): Promise<void> {
  const channel = target.channel()
  const at = await target.position(channel)
  const socket = await target.socket(`/${channel}`)
  const { op, id, everyMs } = (await socket.messages.take('the first message')).envelope
  deepStrictEqual([op, id, typeof everyMs], ['heartbeat', at, 'number'])
}

async function firstMessageBare(target: Target): Promise<void> {
  const socket = await target.socket('')
  const { op, id, everyMs } = (await socket.messages.take('the first message')).envelope
  deepStrictEqual([op, id, typeof everyMs], ['heartbeat', undefined, 'number'])
}

async function quickHeartbeat(target: Target): Promise<void> {
  const socket = await target.socket('')
  const { everyMs } = (await socket.op('heartbeat')).envelope
  socket.cut()
  if (Number(everyMs) > 5000) {
    throw new Skipped(`The heartbeat comes only every ${everyMs} ms: have it at 5000 or less.`)
  }
}

async function heartbeatAgain(target: Target): Promise<void> {
  await quickHeartbeat(target)
  const channel = target.channel()
  const socket = await target.socket(`/${channel}`)
  await socket.op('heartbeat')
  const id = await target.publish(channel, 1)
  await socket.op('event')
  const again = await socket.op('heartbeat')
  ok(offsetOf(again.envelope.id) >= offsetOf(id), `${again.envelope.id} is not before ${id}`)
  const bare = await target.socket('')
  await bare.op('heartbeat')
  await bare.op('heartbeat')
}

function offsetOf(id: unknown): number {
  return Number(String(id).split('.')[1])
}

async function pings(target: Target): Promise<void> {
  await quickHeartbeat(target)
  const deaf = await target.socket(`/${target.channel()}`, { autoPong: false })
  const hears = await target.socket(`/${target.channel()}`)
  const { code } = await deaf.closed
  // Dropped, not told: who answers no ping reads no close frame either.
  ok(code === 1006 || code === 4100, `closed with ${code}`)
  const answer = await hears.ask({ op: 'send', channel: target.channel(), data: 1 })
  deepStrictEqual(answer.op, 'ok')
}

async function channelUrl(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket(`/${channel}`)
  await socket.messages.take('the first message')
  const sent = await socket.ask({ op: 'send', event: 'said', data: 1 })
  deepStrictEqual(sent.op, 'ok')
  const { envelope } = await socket.op('event')
  deepStrictEqual([envelope.channel, envelope.id, envelope.event], [channel, sent.envelope.id, 'said'])
  deepStrictEqual((await socket.ask({ op: 'unsubscribe' })).op, 'ok')
}

async function channelUrlAfter(target: Target): Promise<void> {
  const channel = target.channel()
  const ids = await target.publishMany(channel, count(0, 4))
  const after = await target.socket(`/${channel}?after=${ids[1]}`)
  const first = await after.messages.take('the first message')
  deepStrictEqual([first.op, first.envelope.id], ['heartbeat', ids[1]])
  deepStrictEqual([(await after.next()).envelope.data, (await after.next()).envelope.data], [2, 3])
  const last = await target.socket(`/${channel}?last=1`)
  deepStrictEqual((await last.next()).envelope.id, ids[3])
  const lost = await target.socket(`/${channel}?after=zzz.1`)
  deepStrictEqual((await lost.next()).op, 'reset')
}

async function okFirst(target: Target): Promise<void> {
  const channel = target.channel()
  const [start] = await target.publishMany(channel, count(0, 50))
  const socket = await target.socket('')
  const answer = await socket.ask({ op: 'subscribe', channel, after: start })
  deepStrictEqual([answer.op, answer.envelope.position], ['ok', start])
  await socket.op('event')
  const ops = socket.messages.seen.map((message) => message.op).filter((op) => op !== 'heartbeat')
  deepStrictEqual(ops[0], 'ok')
}

async function okOfLast(target: Target): Promise<void> {
  const channel = target.channel()
  const ids = await target.publishMany(channel, count(0, 4))
  const socket = await target.socket('')
  const { position } = (await socket.ask({ op: 'subscribe', channel, last: 2 })).envelope
  const again = await target.socket('')
  await again.ask({ op: 'subscribe', channel, after: position })
  const seen = [(await again.op('event')).envelope.id, (await again.op('event')).envelope.id]
  deepStrictEqual(seen, ids.slice(2))
}

async function unsubscribe(target: Target): Promise<void> {
  const [left, kept] = [target.channel(), target.channel()]
  const socket = await target.socket('')
  await socket.ask({ op: 'subscribe', channel: left })
  await socket.ask({ op: 'subscribe', channel: kept })
  const flood = target.publishMany(left, count(0, 300))
  await socket.op('event')
  const answer = await socket.ask({ op: 'unsubscribe', channel: left })
  deepStrictEqual(answer.op, 'ok')
  await flood
  await target.publish(kept, 'end')
  await socket.messages.take('the end', (message) => message.envelope.data === 'end')
  const later = socket.messages.seen.slice(socket.messages.seen.indexOf(answer))
  deepStrictEqual(
    later.filter((message) => message.envelope.channel === left),
    [],
  )
}

async function event(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket('')
  await socket.ask({ op: 'subscribe', channel })
  const id = await target.publish(channel, { n: 1.5 }, 'priced')
  const { time, ...rest } = (await socket.op('event')).envelope
  deepStrictEqual(rest, { op: 'event', channel, id, event: 'priced', data: { n: 1.5 } })
  ok(Number.isSafeInteger(time), `time is ${time}`)
}

async function bytes(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket('')
  await socket.ask({ op: 'subscribe', channel })
  const sent = await socket.ask({ op: 'send', channel, event: 'blob', key: 'k1' }, Uint8Array.of(0, 255, 7))
  deepStrictEqual(sent.op, 'ok', JSON.stringify(sent.envelope))
  const got = await socket.op('event')
  deepStrictEqual([...(got.bytes ?? [])], [0, 255, 7])
  deepStrictEqual([got.envelope.event, got.envelope.id], ['blob', sent.envelope.id])
  deepStrictEqual(['data' in got.envelope, 'bytes' in got.envelope], [false, false])
  // The same bytes as base64 in a text message are bytes too.
  await socket.ask({ op: 'send', channel, bytes: 'AAEC' })
  deepStrictEqual([...((await socket.op('event')).bytes ?? [])], [0, 1, 2])
}

async function refs(target: Target): Promise<void> {
  const channel = target.channel()
  const socket = await target.socket('')
  for (const ref of [0, 7, -1, 9007199254740991]) {
    socket.send(JSON.stringify({ op: 'send', ref, channel, data: ref }))
    const answer = await socket.messages.take('an answer', (message) => message.op === 'ok')
    deepStrictEqual(answer.envelope.ref, ref)
  }
}

async function resets(target: Target): Promise<void> {
  const channel = target.channel()
  const id = await target.publish(channel, 1)
  const socket = await target.socket('')
  await socket.ask({ op: 'subscribe', channel, after: 'zzz.1' })
  const { envelope }: WireMessage = await socket.op('reset')
  deepStrictEqual([envelope.channel, envelope.reason], [channel, 'epoch'])
  ok(offsetOf(envelope.earliest) < offsetOf(id), `after ${envelope.earliest} comes ${id}`)
  ok(offsetOf(envelope.latest) >= offsetOf(id), `${envelope.latest} is not before ${id}`)
}
