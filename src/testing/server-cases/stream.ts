import { deepStrictEqual, match, ok } from 'node:assert/strict'
import { readRaw } from '../wire/raw.ts'
import { createBlockSplitter, isHeartbeat, openSse, type SseBlock } from '../wire/sse.ts'
import { contractCases, type ServerCase, Skipped } from './case.ts'
import { count } from './items.ts'
import type { Target } from './target.ts'

/** The SSE stream, block by block (PROTOCOL.md, section 3). */
export const streamCases: readonly ServerCase[] = contractCases('sse', '3', [
  ['headers', 'A stream has the headers that keep it from being cached, buffered or changed.', headers],
  ['first-block', 'The first block is a heartbeat with retry, id and its interval.', firstBlock],
  ['first-block-at-once', 'The first block comes with the headers, on a channel nobody ever sent to.', quiet],
  ['first-id-is-the-start', 'The first id is the position asked for, not the head.', firstIdIsStart],
  ['first-id-of-last', 'With last=N the first id is the place before those events.', firstIdOfLast],
  ['first-id-of-header', 'The first id is that of Last-Event-ID.', firstIdOfHeader],
  [
    'heartbeat-again',
    'When nothing else comes, the heartbeat does, with the position reached.',
    heartbeatAgain,
  ],
  ['block-form', 'An event is id, event and data, and nothing more; message has no event line.', blockForm],
  ['bytes-form', 'Bytes are a data: URL.', bytesForm],
  ['header-wins', 'Last-Event-ID wins over after.', headerWins],
  ['after-and-last', 'after and last together are refused.', afterAndLast],
  ['channel-names', 'On several channels a name is CHANNEL:NAME, and one id resumes them all.', channelNames],
  ['channel-at', 'channel=NAME@POSITION starts one of them elsewhere.', channelAt],
  ['channel-at-header', 'With Last-Event-ID the later of the two positions counts.', channelAtHeader],
  ['reset-id', "A reset's id is latest, and it repeats nothing on the next connection.", resetId],
  ['reset-before-newer', 'A reset comes before anything newer, with status 200.', resetBeforeNewer],
  ['reset-by-header', 'An unusable Last-Event-ID is a reset, not a refusal.', resetByHeader],
  ['envelope', 'format=envelope: every block is an id and one data line with an envelope.', envelope],
  ['http-1.0', 'To HTTP/1.0 the stream is not chunked.', http10],
  ['head', "HEAD has GET's headers and no stream.", head],
  ['two-readers', 'Two readers of a channel see the same blocks.', twoReaders],
])

const position = /^[a-z0-9]{1,16}\.(0|[1-9]\d*)$/

async function headers(target: Target): Promise<void> {
  const stream = await target.sse(`/${target.channel()}`)
  deepStrictEqual(pick(stream.headers, ['content-type', 'cache-control', 'x-accel-buffering']), {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-store, no-transform',
    'x-accel-buffering': 'no',
  })
  assertVaries(stream.headers.vary, ['accept', 'origin'])
  deepStrictEqual(stream.headers['content-encoding'], undefined)
}

async function firstBlock(target: Target): Promise<void> {
  const stream = await target.sse(`/${target.channel()}`)
  assertHeartbeat(await stream.next())
}

function assertHeartbeat(block: SseBlock): void {
  deepStrictEqual(block.event, '$heartbeat', block.lines.join('\n'))
  match(block.id ?? '', position)
  const { everyMs } = JSON.parse(block.data ?? '') as { everyMs: unknown }
  ok(typeof everyMs === 'number' && everyMs > 0, `everyMs is ${everyMs}`)
  const retry = block.retryMs ?? Number.NaN
  ok(retry > 0 && retry <= 30_000, `retry is ${retry}`)
}

async function quiet(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`)
  const first = await stream.next()
  deepStrictEqual(first.id, await target.position(channel))
}

async function firstIdIsStart(target: Target): Promise<void> {
  const channel = target.channel()
  const start = await target.publish(channel, 1)
  await target.publish(channel, 2)
  deepStrictEqual((await (await target.sse(`/${channel}?after=${start}`)).next()).id, start)
}

async function firstIdOfLast(target: Target): Promise<void> {
  const channel = target.channel()
  const ids = await target.publishMany(channel, [1, 2, 3, 4])
  const first = await (await target.sse(`/${channel}?last=2`)).next()
  const again = await target.sse(`/${channel}`, { 'last-event-id': first.id ?? '' })
  const seen = [(await again.event()).id, (await again.event()).id]
  deepStrictEqual(seen, ids.slice(2))
}

async function firstIdOfHeader(target: Target): Promise<void> {
  const channel = target.channel()
  const start = await target.publish(channel, 1)
  await target.publish(channel, 2)
  const stream = await target.sse(`/${channel}`, { 'last-event-id': start })
  deepStrictEqual((await stream.next()).id, start)
}

async function heartbeatAgain(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`)
  const { everyMs } = JSON.parse((await stream.next()).data ?? '') as { everyMs: number }
  if (everyMs > 5000)
    throw new Skipped(`The heartbeat comes only every ${everyMs} ms: have it at 5000 or less.`)
  const id = await target.publish(channel, 1)
  await stream.event()
  const again = await stream.next()
  deepStrictEqual(again.event, '$heartbeat')
  deepStrictEqual(JSON.parse(again.data ?? ''), { everyMs })
  const [epoch, offset] = (again.id ?? '').split('.')
  ok(`${epoch}.` === id.slice(0, id.indexOf('.') + 1), again.id)
  ok(Number(offset) >= Number(id.split('.')[1]), `${again.id} is not before ${id}`)
}

async function blockForm(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`)
  await stream.next()
  const one = await target.publish(channel, { id: 123, total: 45.99 }, 'new_order')
  const two = await target.publish(channel, 'hi')
  deepStrictEqual(
    new Set((await stream.event()).lines),
    new Set([`id: ${one}`, 'event: new_order', 'data: {"id":123,"total":45.99}']),
  )
  deepStrictEqual(new Set((await stream.event()).lines), new Set([`id: ${two}`, 'data: "hi"']))
}

async function bytesForm(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`)
  const type = { 'content-type': 'application/octet-stream' }
  await target.http(`/${channel}`, { method: 'POST', body: Uint8Array.of(0, 1, 2), headers: type })
  deepStrictEqual((await stream.event()).data, 'data:application/octet-stream;base64,AAEC')
}

async function headerWins(target: Target): Promise<void> {
  const channel = target.channel()
  const ids = await target.publishMany(channel, [1, 2, 3])
  const stream = await target.sse(`/${channel}?after=${ids[0]}`, { 'last-event-id': ids[1]! })
  deepStrictEqual((await stream.event()).id, ids[2])
}

async function afterAndLast(target: Target): Promise<void> {
  const channel = target.channel()
  const at = await target.position(channel)
  deepStrictEqual((await target.http(`/${channel}?after=${at}&last=1`)).status, 400)
}

async function channelNames(target: Target): Promise<void> {
  const [a, b] = [target.channel(), target.channel()]
  const path = `?channel=${a}&channel=${b}`
  const stream = await target.sse(path)
  await target.publish(a, 1, 'x')
  const second = await target.publish(b, 2)
  const third = await target.publish(a, 3, 'y:z')
  const events = [await stream.event(), await stream.event(), await stream.event()]
  deepStrictEqual(
    events.map((block) => [block.event, block.data]),
    [
      [`${a}:x`, '1'],
      [`${b}:message`, '2'],
      [`${a}:y:z`, '3'],
    ],
  )
  const again = await target.sse(path, { 'last-event-id': second })
  deepStrictEqual((await again.event()).id, third)
}

async function channelAt(target: Target): Promise<void> {
  const [a, b] = [target.channel(), target.channel()]
  const start = await target.position(a)
  const ids: string[] = []
  for (const n of count(0, 6)) ids.push(await target.publish(n % 2 === 0 ? a : b, n))
  const stream = await target.sse(`?channel=${a}&channel=${b}@${ids[3]}&after=${start}`)
  const seen = [await stream.event(), await stream.event(), await stream.event(), await stream.event()]
  deepStrictEqual(
    seen.map((block) => block.data),
    ['0', '2', '4', '5'],
  )
}

async function channelAtHeader(target: Target): Promise<void> {
  const [a, b] = [target.channel(), target.channel()]
  const start = await target.position(a)
  const ids: string[] = []
  for (const n of count(0, 6)) ids.push(await target.publish(n % 2 === 0 ? a : b, n))
  const later = await target.sse(`?channel=${a}&channel=${b}@${start}`, { 'last-event-id': ids[2]! })
  deepStrictEqual((await later.event()).data, '3')
  const ahead = await target.sse(`?channel=${a}&channel=${b}@${ids[3]}`, { 'last-event-id': ids[0]! })
  const seen = [await ahead.event(), await ahead.event(), await ahead.event()]
  deepStrictEqual(
    seen.map((block) => block.data),
    ['2', '4', '5'],
  )
}

async function resetId(target: Target): Promise<void> {
  const channel = target.channel()
  const id = await target.publish(channel, 1)
  const stream = await target.sse(`/${channel}?after=zzz.1`)
  const reset = await stream.event()
  const { earliest, latest } = JSON.parse(reset.data ?? '') as { earliest: string; latest: string }
  match(earliest, position)
  deepStrictEqual(reset.id, latest)
  const next = await target.publish(channel, 2)
  const again = await target.sse(`/${channel}?after=zzz.1`, { 'last-event-id': reset.id ?? '' })
  deepStrictEqual((await again.event()).id, next, `after the reset at ${latest}, with ${id} before it`)
}

async function resetBeforeNewer(target: Target): Promise<void> {
  const channel = target.channel()
  await target.publish(channel, 1)
  const stream = await target.sse(`/${channel}?after=zzz.1`)
  await target.publish(channel, 2)
  const first = await stream.event()
  deepStrictEqual(first.event, '$reset')
  const data = JSON.parse(first.data ?? '') as Record<string, unknown>
  deepStrictEqual([data.channel, data.reason], [channel, 'epoch'])
  deepStrictEqual((await stream.event()).data, '2')
}

async function resetByHeader(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`, { 'last-event-id': 'zzz.12' })
  deepStrictEqual((await stream.event()).event, '$reset')
}

async function envelope(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}?format=envelope&after=zzz.1`)
  await stream.blocks.take('the reset', (block) => block.data?.startsWith('{"op":"reset"') ?? false)
  const id = await target.publish(channel, { n: 1.5 }, 'priced')
  const block = await stream.event()
  for (const { lines } of stream.blocks.seen) {
    deepStrictEqual(
      lines.filter((line) => !/^(id|data|retry): /.test(line)),
      [],
      lines.join('\n'),
    )
    deepStrictEqual(lines.filter((line) => line.startsWith('data: ')).length, 1)
  }
  const first = stream.blocks.seen[0]
  ok(first && isHeartbeat(first) && first.retryMs !== undefined && first.id !== undefined)
  deepStrictEqual(block.id, id)
  const { time, ...rest } = JSON.parse(block.data ?? '') as Record<string, unknown>
  deepStrictEqual(rest, { op: 'event', channel, id, event: 'priced', data: { n: 1.5 } })
  ok(Number.isSafeInteger(time), `time is ${time}`)
}

async function http10(target: Target): Promise<void> {
  const channel = target.channel()
  const start = await target.publish(channel, 1)
  await target.publish(channel, 'seen')
  const url = target.url(`/${channel}?after=${start}`)
  const request = `GET ${url.pathname}${url.search} HTTP/1.0\r\nHost: ${url.host}\r\n\r\n`
  const text = await readRaw(url, request, (seen) => seen.includes('data: "seen"\n\n'))
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end).toLowerCase()
  match(head, /^http\/1\.[01] 200/)
  ok(!head.includes('chunked'), head)
  const blocks: SseBlock[] = []
  createBlockSplitter((block) => blocks.push(block))(text.slice(end + 4))
  deepStrictEqual([blocks[0]?.event, blocks[1]?.data], ['$heartbeat', '"seen"'])
}

async function head(target: Target): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`)
  const answer = await target.http(`/${channel}`, { method: 'HEAD' })
  const names = ['content-type', 'cache-control', 'x-accel-buffering', 'vary']
  deepStrictEqual([answer.status, answer.body], [200, ''])
  deepStrictEqual(pick(answer.headers, names), pick(stream.headers, names))
  const history = await target.http(`/${channel}?limit=1`, { method: 'HEAD' })
  deepStrictEqual([history.status, history.body], [200, ''])
  match(String(history.headers['content-type']), /^application\/json/)
}

async function twoReaders(target: Target): Promise<void> {
  const channel = target.channel()
  const [one, two] = [await target.sse(`/${channel}`), await target.sse(`/${channel}`)]
  await target.publishMany(channel, count(0, 50))
  for (const _ of count(0, 50)) deepStrictEqual((await one.event()).lines, (await two.event()).lines)
}

// --- what the cases share ---

/** Some of the headers. */
export function pick(headers: Readonly<Record<string, unknown>>, names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, headers[name]]))
}

/** Fails when `vary` does not name all of these. */
export function assertVaries(vary: string | undefined, names: readonly string[]): void {
  const given = new Set((vary ?? '').toLowerCase().split(/,\s*/))
  for (const name of names) ok(given.has(name), `vary names ${name}: ${vary}`)
}

/** Opens a stream of any status. */
export async function openAny(target: Target, path: string, headers: Record<string, string> = {}) {
  return target.own(await openSse(target.url(path), { headers }))
}
