import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FakeConnection } from './fake-connection.ts'
import { makeHub, settle } from './harness.ts'

/**
 * Going from behind to live and back has no seam, in whatever order things happen: appends during attach, trims during
 * replay, reads that answer late, sockets that block at any step.
 */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('append a' as const) },
  { weight: 2, arbitrary: fc.constant('append b' as const) },
  { weight: 3, arbitrary: fc.constant('turn' as const) },
  { weight: 3, arbitrary: fc.constant('read' as const) },
  { weight: 1, arbitrary: fc.constant('block' as const) },
  { weight: 1, arbitrary: fc.constant('drain' as const) },
  { weight: 1, arbitrary: fc.constant('subscribe a' as const) },
  { weight: 1, arbitrary: fc.constant('subscribe ab' as const) },
)

describe('behind and live', () => {
  it.each([3, 1_000])(
    'lose, repeat and reorder nothing, with %i events kept',
    async (events) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
          const world = await makeHub({ log: { events }, byHand: true })
          world.gate.gated = true
          const appended: { channel: string; offset: number }[] = []
          const readers: {
            channels: string[]
            from: number
            connection: FakeConnection
            pump: () => void
          }[] = []
          for (const name of steps) {
            const [verb, what = ''] = name.split(' ')
            if (verb === 'append')
              appended.push({ channel: what, offset: (await world.append(what, 'x')).offset! })
            else if (verb === 'turn') world.turn()
            else if (verb === 'read') world.gate.release()
            else if (verb === 'block') for (const { connection } of readers) connection.block()
            else if (verb === 'drain') drain(readers)
            else {
              const channels = [...what]
              // From somewhere in the past, trimmed or not.
              const from = Math.max(0, appended.length - 4)
              const start = { after: { epoch: world.hub.epoch, offset: from } }
              const { connection, subscription } = await world.subscribe(channels, start)
              readers.push({ channels, from, connection, pump: () => subscription.pump() })
            }
            await settle()
          }
          await finish(world, readers)
          for (const reader of readers) check(reader, appended)
        }),
        { numRuns: 250 },
      )
    },
    120_000,
  )
})

function drain(readers: { connection: FakeConnection; pump: () => void }[]): void {
  for (const { connection, pump } of readers) {
    connection.drain()
    pump()
  }
}

async function finish(
  world: Awaited<ReturnType<typeof makeHub>>,
  readers: Parameters<typeof drain>[0],
): Promise<void> {
  for (let i = 0; i < 20; i++) {
    drain(readers)
    world.turn()
    while (world.gate.waiting > 0) world.gate.release()
    await settle()
  }
}

/** Every event after the start came once and in order, or a reset before anything newer said that it would not. */
function check(
  { channels, from, connection }: { channels: string[]; from: number; connection: FakeConnection },
  appended: { channel: string; offset: number }[],
): void {
  const reached = new Map(channels.map((channel) => [channel, from]))
  const excused = new Map(channels.map((channel) => [channel, from]))
  const missed = (channel: string, before: number) =>
    appended.filter(
      (one) =>
        one.channel === channel &&
        one.offset > excused.get(channel)! &&
        one.offset < before &&
        one.offset > reached.get(channel)!,
    )
  let list = 0
  for (const one of connection.received) {
    if ('offset' in one) {
      expect(one.offset).toBeGreaterThan(list)
      list = one.offset!
      expect(missed(one.event, one.offset!)).toEqual([])
      expect(one.offset).toBeGreaterThan(excused.get(one.event)!)
      reached.set(one.event, one.offset!)
    } else if (one.op === 'reset') {
      excused.set(one.channel, Number(one.latest.split('.')[1]))
    }
  }
  for (const channel of channels) expect(missed(channel, Number.POSITIVE_INFINITY)).toEqual([])
}
