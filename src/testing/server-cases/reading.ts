import { deepStrictEqual, ok } from 'node:assert/strict'
import { contractCases, type ServerCase } from './case.ts'
import { count, take, texts } from './items.ts'
import { type Item, type ReaderKind, readerKinds } from './readers.ts'

/** What reading means, the same over every transport (PROTOCOL.md, sections 1, 3, 4 and 5). */
export const readingCases: readonly ServerCase[] = readerKinds.flatMap((kind) => [
  ...contractCases(`reading/${kind.name}`, '1', [
    ['live', 'Events sent after a reader opened reach it in order, with their ids and names.', live(kind)],
    ['earliest', 'after=earliest gives all that is kept, then what comes.', earliest(kind)],
    ['latest', 'after=latest gives only what comes.', latest(kind)],
    ['last', 'last=N gives the newest N, then what comes.', last(kind)],
    ['resume', 'A reader goes on after the last id it saw.', resume(kind)],
    ['cut-while-quiet', 'A cut before the first event loses nothing.', cutWhileQuiet(kind)],
    [
      'cut-before-replay',
      'A cut before the first event of a replay loses none of it.',
      cutBeforeReplay(kind),
    ],
    ['cut-before-last', 'A cut before the first of last=N loses none of them.', cutBeforeLast(kind)],
    [
      'many-cuts',
      'Cut every few events while more are sent, each is read once and in order.',
      manyCuts(kind),
    ],
    ['burst', 'A thousand events of batches come once each and in order.', burst(kind)],
    ['channels', 'Several channels come over one connection, each in order.', severalChannels(kind)],
    ['channels-resume', 'Several channels go on where they stood.', resumeChannels(kind)],
    ['names', 'Event names of any text arrive as they were sent.', names(kind)],
  ]),
])

type Run = ServerCase['run']

function live(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const reader = await kind.open(target, [channel])
    const ids = [await target.publish(channel, { n: 1 }, 'a'), await target.publish(channel, { n: 2 }, 'b')]
    deepStrictEqual(await take(reader, 2), [
      { op: 'event', channel, id: ids[0], event: 'a', text: '{"n":1}', bytes: undefined },
      { op: 'event', channel, id: ids[1], event: 'b', text: '{"n":2}', bytes: undefined },
    ])
  }
}

function earliest(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    await target.publishMany(channel, [1, 2, 3])
    const reader = await kind.open(target, [channel], { after: 'earliest' })
    await target.publish(channel, 4)
    deepStrictEqual(texts(await take(reader, 4)), ['1', '2', '3', '4'])
  }
}

function latest(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    await target.publish(channel, 1)
    const reader = await kind.open(target, [channel], { after: 'latest' })
    await target.publish(channel, 2)
    deepStrictEqual(texts(await take(reader, 1)), ['2'])
  }
}

function last(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const other = target.channel()
    for (const n of [1, 2, 3, 4]) {
      await target.publish(channel, n)
      await target.publish(other, -n)
    }
    const reader = await kind.open(target, [channel], { last: 2 })
    await target.publish(channel, 5)
    deepStrictEqual(texts(await take(reader, 3)), ['3', '4', '5'])
  }
}

function resume(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const reader = await kind.open(target, [channel])
    await target.publishMany(channel, [1, 2])
    await take(reader, 1)
    reader.cut()
    await target.publishMany(channel, [3, 4])
    const back = await reader.again()
    await target.publish(channel, 5)
    deepStrictEqual(texts(await take(back, 4)), ['2', '3', '4', '5'])
  }
}

function cutWhileQuiet(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const reader = await kind.open(target, [channel])
    reader.cut()
    await target.publishMany(channel, [1, 2])
    const back = await reader.again()
    deepStrictEqual(texts(await take(back, 2)), ['1', '2'])
  }
}

function cutBeforeReplay(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const before = await target.position(channel)
    await target.publishMany(channel, [1, 2, 3])
    const reader = await kind.open(target, [channel], { after: before })
    reader.cut()
    const back = await reader.again()
    deepStrictEqual(texts(await take(back, 3)), ['1', '2', '3'])
  }
}

function cutBeforeLast(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    await target.publishMany(channel, [1, 2, 3, 4])
    const reader = await kind.open(target, [channel], { last: 3 })
    reader.cut()
    await target.publish(channel, 5)
    const back = await reader.again()
    const seen = texts(await take(back, 3))
    // Long-poll asks for the newest three again; a stream goes on from the place before the three it was promised.
    if (kind.name === 'long-poll') deepStrictEqual(seen, ['3', '4', '5'])
    else deepStrictEqual([...seen, ...texts(await take(back, 1))], ['2', '3', '4', '5'])
  }
}

function manyCuts(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    let reader = await kind.open(target, [channel])
    const sending = (async () => {
      for (let i = 0; i < 300; i += 10) await target.publishMany(channel, count(i, i + 10))
    })()
    const seen: Item[] = []
    while (seen.length < 300) {
      seen.push(...(await take(reader, Math.min(7, 300 - seen.length))))
      reader.cut()
      reader = await reader.again()
    }
    await sending
    deepStrictEqual(texts(seen), count(0, 300).map(String))
    assertRising(seen)
  }
}

function burst(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const reader = await kind.open(target, [channel])
    const ids = await target.publishMany(channel, count(0, 1000))
    const seen = await take(reader, 1000)
    deepStrictEqual(texts(seen), count(0, 1000).map(String))
    deepStrictEqual(
      seen.map((item) => item.id),
      ids,
    )
  }
}

function severalChannels(kind: ReaderKind): Run {
  return async (target) => {
    const channels = [target.channel(), target.channel(), target.channel()]
    const reader = await kind.open(target, channels)
    const sent: string[] = []
    for (const n of count(0, 30)) {
      const channel = channels[(n * 7) % 3]!
      await target.publish(channel, n)
      sent.push(`${channel} ${n}`)
    }
    assertSame(kind, channels, await take(reader, 30), sent)
  }
}

function resumeChannels(kind: ReaderKind): Run {
  return async (target) => {
    const channels = [target.channel(), target.channel()]
    const reader = await kind.open(target, channels)
    const sent: string[] = []
    const send = async (n: number): Promise<void> => {
      const channel = channels[n % 2]!
      await target.publish(channel, n)
      sent.push(`${channel} ${n}`)
    }
    for (const n of count(0, 6)) await send(n)
    const seen = await take(reader, 3)
    reader.cut()
    for (const n of count(6, 12)) await send(n)
    const back = await reader.again()
    assertSame(kind, channels, [...seen, ...(await take(back, 9))], sent)
  }
}

function names(kind: ReaderKind): Run {
  return async (target) => {
    const channels = [target.channel(), target.channel()]
    const reader = await kind.open(target, channels)
    const tried = [
      'message',
      'a:b',
      'space bar',
      '/orders/new',
      'ünïcödé 🎏',
      'x'.repeat(128),
      ':',
      'data: x',
      ' ',
    ]
    for (const name of tried) await target.publish(channels[0]!, 1, name)
    deepStrictEqual(
      (await take(reader, tried.length)).map((item) => item.event),
      tried,
    )
  }
}

// --- what the cases share ---

function assertRising(items: readonly Item[]): void {
  const offsets = items.map((item) => Number(item.id?.split('.')[1]))
  ok(
    offsets.every((offset, i) => i === 0 || offset > offsets[i - 1]!),
    'offsets only rise',
  )
}

/** The same in one order over all channels, or, where each has a position of its own, channel by channel. */
function assertSame(
  kind: ReaderKind,
  channels: readonly string[],
  seen: readonly Item[],
  sent: string[],
): void {
  const got = seen.map((item) => `${item.channel} ${item.text}`)
  if (kind.oneOrder) {
    assertRising(seen)
    return deepStrictEqual(got, sent)
  }
  for (const channel of channels) {
    const of = (list: string[]): string[] => list.filter((one) => one.startsWith(`${channel} `))
    deepStrictEqual(of(got), of(sent))
  }
}
