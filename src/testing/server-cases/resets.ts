import { deepStrictEqual, ok } from 'node:assert/strict'
import { contractCases, declaredChannel, type ServerCase } from './case.ts'
import { count, take, texts } from './items.ts'
import { type ReaderKind, readerKinds } from './readers.ts'
import type { Target } from './target.ts'

/** A gap is never silent: what a position that cannot be used gives, over every transport (PROTOCOL.md, section 3). */
export const resetCases: readonly ServerCase[] = readerKinds.flatMap((kind) =>
  contractCases(`reset/${kind.name}`, '3', [
    ['epoch', 'A position of another epoch gives a reset, then only what is newer.', epoch(kind)],
    ['ahead', 'A position ahead of the log gives a reset, then only what is newer.', ahead(kind)],
    ['trimmed', 'A position that was trimmed gives a reset, never part of the history.', trimmed(kind)],
    ['earliest', "A reset's earliest gives what is kept.", resetEarliest(kind)],
    ['one-of-two', 'A reset of one channel loses nothing of the other.', resetOneOfTwo(kind)],
  ]),
)

type Run = ServerCase['run']

function epoch(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    await target.publish(channel, 1)
    await assertResets(kind, target, channel, 'zzzzzzzzzzzzzzzz.1', 'epoch')
  }
}

function ahead(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    const head = await target.publish(channel, 1)
    const [name, offset] = head.split('.')
    await assertResets(kind, target, channel, `${name}.${Number(offset) + 1_000_000_000}`, 'ahead')
  }
}

function trimmed(kind: ReaderKind): Run {
  return async (target) => {
    const channel = declaredChannel(target, 'short')
    const first = await target.publish(channel, 0)
    await target.publishMany(channel, count(1, 8))
    await assertResets(kind, target, channel, first, 'trimmed')
  }
}

function resetEarliest(kind: ReaderKind): Run {
  return async (target) => {
    const channel = target.channel()
    await target.publishMany(channel, [1, 2])
    const reader = await kind.open(target, [channel], { after: 'zzz.7' })
    const { earliest } = JSON.parse((await reader.next()).text ?? '') as { earliest: string }
    const back = await kind.open(target, [channel], { after: earliest })
    deepStrictEqual(texts(await take(back, 2)), ['1', '2'])
  }
}

function resetOneOfTwo(kind: ReaderKind): Run {
  return async (target) => {
    const [lost, kept] = [declaredChannel(target, 'short'), target.channel()]
    // Asked of the other channel: a server may still remember, beyond what is kept, a channel that was just read.
    const before = await target.position(kept)
    await target.publish(kept, 1)
    await target.publishMany(lost, count(10, 18))
    await target.publish(kept, 2)
    const reader = await kind.open(target, [lost, kept], { after: before })
    const seen = await take(reader, 3)
    deepStrictEqual(
      seen.filter((item) => item.op === 'reset').map((item) => `${item.channel} ${item.event}`),
      [`${lost} trimmed`],
    )
    deepStrictEqual(texts(seen.filter((item) => item.op === 'event')), ['1', '2'])
  }
}

async function assertResets(
  kind: ReaderKind,
  target: Target,
  channel: string,
  after: string,
  reason: string,
) {
  const reader = await kind.open(target, [channel], { after })
  const reset = await reader.next()
  deepStrictEqual([reset.op, reset.channel, reset.event], ['reset', channel, reason])
  const { earliest, latest } = JSON.parse(reset.text ?? '') as { earliest: string; latest: string }
  ok(/^[a-z0-9]{1,16}\.\d+$/.test(earliest), `earliest is a position: ${earliest}`)
  ok(/^[a-z0-9]{1,16}\.\d+$/.test(latest), `latest is a position: ${latest}`)
  if (kind.oneOrder && reset.id !== undefined) deepStrictEqual(reset.id, latest)
  await target.publish(channel, 'newer')
  deepStrictEqual(texts(await take(reader, 1)), ['"newer"'])
}
