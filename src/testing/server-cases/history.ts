import { deepStrictEqual, match, ok } from 'node:assert/strict'
import { contractCases, type ServerCase } from './case.ts'
import { count } from './items.ts'
import type { Target } from './target.ts'

/** History and long-poll (PROTOCOL.md, section 4). */
export const historyCases: readonly ServerCase[] = contractCases('history', '4', [
  ['position', 'With neither after nor last: no events, but the position, to stream after.', position],
  ['event', 'An event is an envelope with its time.', event],
  ['after', 'after gives what is newer, up to limit, and says whether there is more.', pages],
  ['default-limit', 'Without a limit an answer holds 100 events.', defaultLimit],
  ['last', 'last=N gives the newest N.', last],
  ['page-bytes', 'An answer ends after 1 MiB, with one event at least, and says there is more.', pageBytes],
  ['wait', 'wait returns as soon as one event is there.', wait],
  ['wait-empty', 'When nothing comes within wait: an empty list and the position.', waitEmpty],
  ['wait-not-needed', 'wait does not wait when there is something.', waitNotNeeded],
  ['wait-several', 'One wait watches several channels.', waitSeveral],
  ['reset', 'A position that cannot be used gives a reset in a list, with status 200.', reset],
  ['no-store', 'An answer is not stored.', noStore],
  ['public', 'With both after and limit, where anyone may read: public, with an etag.', publicPage],
  ['etag', 'The same page again is 304 to its etag, and a changed one is not.', etag],
  ['etag-and-wait', 'If-None-Match is never answered before wait is over.', etagAndWait],
  ['limits', 'limit, wait, last and positions out of bounds are refused.', limits],
  ['too-many-channels', 'More than 100 channels are refused.', tooManyChannels],
  ['no-channel', 'The base URL without any channel is refused.', noChannel],
])

interface Page {
  events: { op: string; id: string; channel: string; event: string; data: unknown; time: number }[]
  position: string
  more: boolean
  reset?: { op?: string; channel: string; reason: string; earliest: string; latest: string }[]
}

async function page(target: Target, path: string): Promise<Page> {
  const answer = await target.http(path)
  deepStrictEqual(answer.status, 200, answer.body)
  return answer.json() as unknown as Page
}

async function position(target: Target): Promise<void> {
  const channel = target.channel()
  await target.publish(channel, 1)
  const here = await page(target, `/${channel}?limit=10`)
  deepStrictEqual([here.events, here.more], [[], false])
  match(here.position, /^[a-z0-9]{1,16}\.\d+$/)
  const id = await target.publish(channel, 2)
  const after = await page(target, `/${channel}?after=${here.position}&limit=10`)
  deepStrictEqual(
    after.events.map((one) => one.id),
    [id],
  )
}

async function event(target: Target): Promise<void> {
  const channel = target.channel()
  const id = await target.publish(channel, { n: 1 }, 'priced')
  const { events } = await page(target, `/${channel}?last=1&limit=1`)
  const { time, ...rest } = events[0]!
  deepStrictEqual(rest, { op: 'event', channel, id, event: 'priced', data: { n: 1 } })
  ok(Math.abs(Date.now() - time) < 3_600_000, `time is ${time}`)
}

async function pages(target: Target): Promise<void> {
  const channel = target.channel()
  const ids = await target.publishMany(channel, count(0, 5))
  const first = await page(target, `/${channel}?after=${ids[0]}&limit=2`)
  deepStrictEqual([first.events.map((one) => one.data), first.more], [[1, 2], true])
  const second = await page(target, `/${channel}?after=${first.position}&limit=2`)
  deepStrictEqual([second.events.map((one) => one.data), second.more], [[3, 4], false])
  const third = await page(target, `/${channel}?after=${second.position}&limit=2`)
  deepStrictEqual([third.events, third.more], [[], false])
}

async function defaultLimit(target: Target): Promise<void> {
  const channel = target.channel()
  await target.publishMany(channel, count(0, 101))
  const answer = await target.http(`/${channel}?after=earliest`, { headers: { accept: 'application/json' } })
  const { events, more } = answer.json() as unknown as Page
  deepStrictEqual([events.length, more], [100, true])
}

async function last(target: Target): Promise<void> {
  const channel = target.channel()
  await target.publishMany(channel, count(0, 5))
  const newest = await page(target, `/${channel}?last=2&limit=100`)
  deepStrictEqual([newest.events.map((one) => one.data), newest.more], [[3, 4], false])
  const all = await page(target, `/${channel}?last=1000&limit=1000`)
  deepStrictEqual(all.events.length, 5)
}

async function pageBytes(target: Target): Promise<void> {
  const channel = target.channel()
  for (const n of count(0, 7)) await target.publish(channel, String(n).repeat(200 * 1024))
  const sizes: number[] = []
  let after = 'earliest'
  for (let more = true; more; ) {
    const answer = await target.http(`/${channel}?after=${after}&limit=1000`)
    const read = answer.json() as unknown as Page
    ok(answer.body.length <= 1024 * 1024 + 300 * 1024, `an answer of ${answer.body.length} bytes`)
    ok(read.events.length > 0)
    sizes.push(...read.events.map((one) => Number(String(one.data)[0])))
    after = read.position
    more = read.more
    deepStrictEqual(more, sizes.length < 7)
  }
  deepStrictEqual(sizes, count(0, 7))
}

async function wait(target: Target): Promise<void> {
  const channel = target.channel()
  const { position: after } = await page(target, `/${channel}?limit=1`)
  const waiting = page(target, `/${channel}?after=${after}&wait=50`)
  const id = await target.publish(channel, 1)
  deepStrictEqual(
    (await waiting).events.map((one) => one.id),
    [id],
  )
}

async function waitEmpty(target: Target): Promise<void> {
  const channel = target.channel()
  const { position: after } = await page(target, `/${channel}?limit=1`)
  const began = Date.now()
  const empty = await page(target, `/${channel}?after=${after}&wait=1`)
  ok(Date.now() - began >= 900, 'it waited')
  deepStrictEqual([empty.events, empty.more], [[], false])
  match(empty.position, /^[a-z0-9]{1,16}\.\d+$/)
}

async function waitNotNeeded(target: Target): Promise<void> {
  const channel = target.channel()
  await target.publishMany(channel, [1, 2])
  const answer = await page(target, `/${channel}?after=earliest&wait=50`)
  deepStrictEqual(answer.events.length, 2)
}

async function waitSeveral(target: Target): Promise<void> {
  const [a, b] = [target.channel(), target.channel()]
  const { position: after } = await page(target, `/${a}?limit=1`)
  const waiting = page(target, `?channel=${a}&channel=${b}&after=${after}&wait=50`)
  await target.publish(b, 7)
  deepStrictEqual(
    (await waiting).events.map((one) => [one.channel, one.data]),
    [[b, 7]],
  )
}

async function reset(target: Target): Promise<void> {
  const channel = target.channel()
  await target.publish(channel, 1)
  const answer = await page(target, `/${channel}?after=zzz.5&limit=10`)
  deepStrictEqual(answer.events, [])
  deepStrictEqual(
    answer.reset?.map((one) => [one.channel, one.reason]),
    [[channel, 'epoch']],
  )
  // Going on from the answer's position repeats neither the reset nor anything before it.
  const next = await target.publish(channel, 2)
  const after = await page(target, `/${channel}?after=${answer.position}&limit=10`)
  deepStrictEqual([after.events.map((one) => one.id), after.reset], [[next], undefined])
}

async function noStore(target: Target): Promise<void> {
  const channel = target.channel()
  const at = await target.position(channel)
  for (const query of ['limit=5', 'last=5&limit=5', `after=${at}&wait=0`]) {
    const answer = await target.http(`/${channel}?${query}`)
    deepStrictEqual([answer.headers['cache-control'], answer.headers.etag], ['no-store', undefined], query)
  }
}

async function publicPage(target: Target): Promise<void> {
  const channel = target.channel()
  const id = await target.publish(channel, 1)
  const answer = await target.http(`/${channel}?after=${id}&limit=5`)
  deepStrictEqual(answer.headers['cache-control'], 'public, max-age=1')
  ok(answer.headers.etag)
}

async function etag(target: Target): Promise<void> {
  const channel = target.channel()
  const id = await target.publish(channel, 1)
  const path = `/${channel}?after=${id}&limit=5`
  const known = String((await target.http(path)).headers.etag)
  const same = await target.http(path, { headers: { 'if-none-match': known } })
  deepStrictEqual([same.status, same.body, same.headers.etag], [304, '', known])
  await target.publish(channel, 2)
  const changed = await target.http(path, { headers: { 'if-none-match': known } })
  deepStrictEqual(changed.status, 200)
  ok(changed.headers.etag !== known)
}

async function etagAndWait(target: Target): Promise<void> {
  const channel = target.channel()
  const id = await target.publish(channel, 1)
  const path = `/${channel}?after=${id}&limit=5`
  const known = String((await target.http(path)).headers.etag)
  const waiting = target.http(`${path}&wait=50`, { headers: { 'if-none-match': known } })
  const next = await target.publish(channel, 2)
  const answer = await waiting
  deepStrictEqual(answer.status, 200)
  deepStrictEqual(
    (answer.json() as unknown as Page).events.map((one) => one.id),
    [next],
  )
}

async function limits(target: Target): Promise<void> {
  const channel = target.channel()
  const wrong = [
    ...['0', '-1', '1001', '1e9', 'NaN', '1.5', ''].map((limit) => [`limit=${limit}`, 'invalid_limit']),
    ...['-1', '56', 'NaN', '1e9', ''].map((seconds) => [`wait=${seconds}`, 'invalid_wait']),
    ...['-1', '1001', 'all'].map((newest) => [`last=${newest}&limit=1`, 'invalid_limit']),
    ...['k3f9', 'k3f9.', '.5', 'K3F9.5', 'k3f9.05', 'k3f9.-1', 'k3f9.9007199254740992', 'now', ''].map(
      (after) => [`after=${after}&limit=1`, 'invalid_position'],
    ),
    ['after=k3f9.1&after=k3f9.2&limit=1', 'invalid_position'],
    ['after=k3f9.1&last=5&limit=1', 'invalid_position'],
  ]
  for (const [query, code] of wrong) {
    const answer = await target.http(`/${channel}?${query}`)
    deepStrictEqual([answer.status, answer.json().code], [400, code], query)
  }
}

async function tooManyChannels(target: Target): Promise<void> {
  const names = (n: number): string =>
    count(0, n)
      .map((i) => `channel=c${i}`)
      .join('&')
  deepStrictEqual((await target.http(`?${names(100)}&limit=1`)).status, 200)
  const answer = await target.http(`?${names(101)}&limit=1`)
  deepStrictEqual([answer.status, answer.json().code], [400, 'too_many_channels'])
}

async function noChannel(target: Target): Promise<void> {
  deepStrictEqual((await target.http('?limit=1')).status, 400)
}
