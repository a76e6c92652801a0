import { describe, expect, it } from 'vitest'
import { ending } from '../../src/client/ending.ts'
import { createOutbox, type Deliver, type Outbox, type SendAnswer } from '../../src/client/outbox.ts'
import type { OutgoingSend } from '../../src/client/outgoing-send.ts'
import type { SendReply } from '../../src/client/transports/stream.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { type SimulatedClock, simulatedClock } from '../../src/testing/clock.ts'
import { settle } from './scripted-link.ts'

/** A batch that is on its way, with the server's side of it. */
interface Batch {
  readonly sends: readonly OutgoingSend[]
  readonly signal: AbortSignal
  /** The payloads, parsed. */
  readonly data: unknown[]
  /** Answers the send at a place. */
  reply(answer: SendReply): void
  /** Answers all that are left, and ends the batch. */
  ok(): void
  done(): void
  fail(error: Error): void
}

function rig(): {
  clock: SimulatedClock
  outbox: Outbox
  batches: Batch[]
  send(n: unknown): Promise<SendAnswer>
} {
  const clock = simulatedClock()
  const batches: Batch[] = []
  const deliver: Deliver = (sends, reply, signal) =>
    new Promise<void>((resolve, reject) => {
      batches.push({
        sends,
        signal,
        data: sends.map(({ payload }) => JSON.parse(payload as string)),
        reply,
        ok() {
          sends.forEach((_, ref) => {
            reply({ op: 'ok', ref, id: `k.${ref}` })
          })
          resolve()
        },
        done: resolve,
        fail: reject,
      })
    })
  const outbox = createOutbox(clock, 300_000, deliver)
  return {
    clock,
    outbox,
    batches,
    send: (n) => outbox.send({ channel: 'chat', event: 'say' }, JSON.stringify(n)),
  }
}

const error = (ref: number, code: string): SendReply => ({ op: 'error', ref, code, message: code })

describe('sends', () => {
  it('of one turn travel together, in order, each with a key of its own', async () => {
    const { batches, send } = rig()
    const answers = [send(1), send(2), send(3)]
    await settle()
    expect(batches.map(({ data }) => data)).toEqual([[1, 2, 3]])
    expect(new Set(batches[0]!.sends.map(({ header }) => header.key)).size).toBe(3)
    for (const { header } of batches[0]!.sends) expect(header.key).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
    batches[0]!.ok()
    expect(await Promise.all(answers)).toEqual([{ id: 'k.0' }, { id: 'k.1' }, { id: 'k.2' }])
  })

  it('wait while a batch is on its way', async () => {
    const { batches, send } = rig()
    void send(1)
    await settle()
    void send(2)
    void send(3)
    await settle()
    expect(batches).toHaveLength(1)
    batches[0]!.ok()
    await settle()
    expect(batches.map(({ data }) => data)).toEqual([[1], [2, 3]])
  })

  it('are answered one by one, before the batch is done', async () => {
    const { batches, send } = rig()
    const first = send(1)
    void send(2)
    await settle()
    batches[0]!.reply({ op: 'ok', ref: 0, data: { total: 7 }, durability: 'disk' })
    expect(await first).toEqual({ data: { total: 7 }, durability: 'disk' })
  })

  it('keep the key that the application gave', async () => {
    const { outbox, batches } = rig()
    void outbox.send({ channel: 'chat', event: 'say', key: 'mine' }, '1')
    void outbox.send({ channel: 'chat', event: 'say', key: undefined }, '2')
    await settle()
    const keys = batches[0]!.sends.map(({ header }) => header.key)
    expect(keys[0]).toBe('mine')
    expect(keys[1]).toMatch(/./)
  })

  it('are at most 100 in a batch, and a batch has a bounded size', async () => {
    const { batches, send } = rig()
    for (let n = 0; n < 250; n++) void send(n)
    await settle()
    batches[0]!.ok()
    await settle()
    batches[1]!.ok()
    await settle()
    expect(batches.map(({ data }) => data.length)).toEqual([100, 100, 50])
    batches[2]!.ok()
    await settle()
    for (let n = 0; n < 4; n++) void send('x'.repeat(100 * 1024))
    await settle()
    expect(batches[3]!.data).toHaveLength(2)
  })
})

describe('what was not answered', () => {
  it('goes again with the same keys before anything newer', async () => {
    const { clock, batches, send } = rig()
    const answers = [send(1), send(2), send(3)]
    await settle()
    batches[0]!.reply({ op: 'ok', ref: 0 })
    batches[0]!.fail(new Error('It was cut.'))
    void send(4)
    await settle()
    expect(batches).toHaveLength(1)
    clock.advance(1_000)
    await settle()
    expect(batches[1]!.data).toEqual([2, 3, 4])
    const keys = (batch: Batch) => batch.sends.map(({ header }) => header.key)
    expect(keys(batches[1]!).slice(0, 2)).toEqual(keys(batches[0]!).slice(1))
    batches[1]!.ok()
    await Promise.all(answers)
  })

  it('because it failed for now, or was skipped behind one that did, goes again too', async () => {
    const { clock, batches, send } = rig()
    const answers = [send(1), send(2), send(3)]
    await settle()
    batches[0]!.reply({ op: 'ok', ref: 0 })
    batches[0]!.reply(error(1, 'busy'))
    batches[0]!.reply(error(2, 'skipped'))
    batches[0]!.done()
    await settle()
    clock.advance(1_000)
    await settle()
    expect(batches[1]!.data).toEqual([2, 3])
    batches[1]!.reply({ ...error(0, 'of_a_newer_server'), retry: true } as SendReply)
    batches[1]!.reply({ op: 'ok', ref: 1 })
    batches[1]!.done()
    await settle()
    clock.advance(2_000)
    await settle()
    expect(batches[2]!.data).toEqual([2])
    batches[2]!.ok()
    await Promise.all(answers)
  })

  it('waits as long as the server asks', async () => {
    const { clock, batches, send } = rig()
    void send(1)
    await settle()
    batches[0]!.fail(ending('Later.', 'retry', { retryMs: 7_000 }))
    await settle()
    clock.advance(6_999)
    await settle()
    expect(batches).toHaveLength(1)
    clock.advance(2_000)
    await settle()
    expect(batches).toHaveLength(2)
  })

  it('goes at once when a stream opens', async () => {
    const { outbox, batches, send } = rig()
    void send(1)
    await settle()
    batches[0]!.fail(new Error('It was cut.'))
    await settle()
    outbox.kick()
    await settle()
    expect(batches).toHaveLength(2)
    outbox.kick() // The stream opened while the batch was on its way.
    batches[1]!.fail(new Error('It was cut.'))
    await settle()
    expect(batches).toHaveLength(3)
  })

  it('of a batch that takes too long goes again in smaller pieces, so that each try gets somewhere', async () => {
    const { clock, batches, send } = rig()
    for (let n = 0; n < 8; n++) void send(n)
    await settle()
    clock.advance(30_000)
    await settle()
    expect(batches[0]!.signal.aborted).toBe(true)
    clock.advance(1_000)
    await settle()
    expect(batches[1]!.data).toEqual([0])
    batches[1]!.ok()
    await settle()
    expect(batches[2]!.data).toEqual([1, 2])
    batches[2]!.ok()
    await settle()
    expect(batches[3]!.data).toEqual([3, 4, 5, 6])
  })

  it('may still be answered by a batch that was given up', async () => {
    const { clock, batches, send } = rig()
    const answer = send(1)
    await settle()
    clock.advance(30_000)
    await settle()
    batches[0]!.reply({ op: 'ok', ref: 0, id: 'k.1' })
    expect(await answer).toEqual({ id: 'k.1' })
  })
})

describe('a send rejects', () => {
  it('with what the server refused it for; the others of its batch are answered', async () => {
    const { batches, send } = rig()
    const refused = expect(send(1)).rejects.toMatchObject({ code: 'conflict', position: 'k.9' })
    const answered = send(2)
    await settle()
    batches[0]!.reply({ ...error(0, 'conflict'), position: 'k.9' } as SendReply)
    batches[0]!.reply({ op: 'ok', ref: 1 })
    batches[0]!.done()
    await refused
    await answered
    await settle()
    expect(batches).toHaveLength(1)
  })

  it('with the refusal of the whole batch', async () => {
    const { batches, send } = rig()
    const refusal = new FairleadError('origin_not_allowed', 'Not from there.')
    const both = [expect(send(1)).rejects.toBe(refusal), expect(send(2)).rejects.toBe(refusal)]
    await settle()
    batches[0]!.fail(ending('Not from there.', 'final', { refusal }))
    await Promise.all(both)
  })

  it('with busy when too many wait, or too much', async () => {
    const { outbox, send } = rig()
    for (let n = 0; n < 1000; n++) send(n).catch(() => {})
    await expect(send(1000)).rejects.toMatchObject({ code: 'busy' })
    const other = rig()
    for (let n = 0; n < 4; n++) other.send('x'.repeat(250 * 1024)).catch(() => {})
    await expect(other.send('x'.repeat(250 * 1024))).rejects.toMatchObject({ code: 'busy' })
    outbox.close(new FairleadError('unavailable', 'closed'))
    other.outbox.close(new FairleadError('unavailable', 'closed'))
  })

  it('when its time is over, and makes room', async () => {
    const { clock, batches, send } = rig()
    const late = expect(send(1)).rejects.toMatchObject({ code: 'request_timeout' })
    await settle()
    for (let ms = 0; ms < 300_000; ms += 10_000) {
      batches.at(-1)!.fail(new Error('It was cut.'))
      clock.advance(10_000)
      await settle()
    }
    await late
    await settle()
    const tries = batches.length
    clock.advance(600_000)
    await settle()
    expect(batches).toHaveLength(tries)
    expect(clock.pending).toBe(0)
  })

  it('with the signal’s reason, waiting or on its way, and is not sent again', async () => {
    const { clock, outbox, batches, send } = rig()
    const reason = new Error('never mind')
    await expect(outbox.send({ channel: 'a', event: 'b' }, '1', AbortSignal.abort(reason))).rejects.toBe(
      reason,
    )
    const aborter = new AbortController()
    void send(1)
    await settle()
    const waiting = expect(outbox.send({ channel: 'a', event: 'b' }, '2', aborter.signal)).rejects.toBe(
      reason,
    )
    aborter.abort(reason)
    await waiting
    const second = new AbortController()
    batches[0]!.ok()
    const onItsWay = expect(outbox.send({ channel: 'a', event: 'b' }, '3', second.signal)).rejects.toBe(
      reason,
    )
    await settle()
    second.abort(reason)
    await onItsWay
    batches[1]!.fail(new Error('It was cut.'))
    clock.advance(10_000)
    await settle()
    expect(batches.map(({ data }) => data)).toEqual([[1], [3]])
  })

  it('when the client closes, and ever after', async () => {
    const { clock, outbox, send } = rig()
    const closed = new FairleadError('unavailable', 'The client is closed.')
    const waiting = expect(send(1)).rejects.toBe(closed)
    await settle()
    outbox.close(closed)
    await waiting
    await expect(send(2)).rejects.toBe(closed)
    clock.advance(30_000)
    await settle()
    expect(clock.pending).toBe(0)
  })
})
