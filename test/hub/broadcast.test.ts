import { describe, expect, it } from 'vitest'
import { Broadcast, type WriteLoop } from '../../src/hub/broadcast.ts'
import type { Encoding } from '../../src/hub/connection.ts'
import { Batch, EncodedEvent } from '../../src/hub/encoded-event.ts'
import type { Subscription } from '../../src/hub/subscription.ts'
import { countingEncoding, FakeConnection } from './fake-connection.ts'

const event = { channel: 'c', offset: 1, prev: 0, event: 'e', payload: '"data"', time: 0, tag: undefined }
const batch = () => new Batch([new EncodedEvent(event, 'epoch')])

/** A loop that notes what it was given, and has some descriptors take less. */
function recordingLoop(takes: Readonly<Record<number, number>> = {}) {
  const calls: { descriptors: number[]; bytes: string }[] = []
  const loop: WriteLoop = {
    broadcast(descriptors, count, bytes, left) {
      calls.push({
        descriptors: [...descriptors.subarray(0, count)],
        bytes: Buffer.from(bytes).toString(),
      })
      let incomplete = 0
      for (let i = 0; i < count; i++) {
        const took = takes[descriptors[i]!]
        if (took === undefined) continue
        left[2 * incomplete] = i
        left[2 * incomplete++ + 1] = took
      }
      return incomplete
    },
  }
  return { loop, calls }
}

class DirectConnection extends FakeConnection {
  readonly descriptor: number
  readonly rests: [string, number][] = []

  constructor(descriptor: number, encoding: Encoding) {
    super(encoding)
    this.descriptor = descriptor
  }

  direct(bytes: number): number {
    if (this.descriptor >= 0) this.writtenBytes += bytes
    return this.descriptor
  }

  rest(bytes: Buffer, taken: number): void {
    this.rests.push([bytes.toString(), taken])
  }
}

function reader(descriptor: number, encoding: Encoding) {
  const connection = new DirectConnection(descriptor, encoding)
  const subscription = { connection, encoding, direct: (bytes: number) => connection.direct(bytes) }
  return { connection, subscription: subscription as unknown as Subscription }
}

describe('a broadcast', () => {
  it('sends the same bytes to all in one call, and answers those that have to be written to', () => {
    const { loop, calls } = recordingLoop()
    const encoding = countingEncoding()
    const readers = [7, -1, 9].map((descriptor) => reader(descriptor, encoding))
    const others = new Broadcast(loop).send(batch(), new Set(readers.map((one) => one.subscription)))
    expect(calls).toEqual([{ descriptors: [7, 9], bytes: '["c",1,"\\"data\\""]\n' }])
    expect(others).toEqual([readers[1]!.subscription])
    expect(encoding.encoded).toBe(1)
  })

  it('makes a call for each encoding, whatever order the readers came in', () => {
    const { loop, calls } = recordingLoop()
    const [one, two, three] = ['one', 'two', 'three'].map(countingEncoding)
    const readers = [reader(1, one!), reader(2, two!), reader(3, one!), reader(4, three!), reader(5, two!)]
    new Broadcast(loop).send(batch(), new Set(readers.map(({ subscription }) => subscription)))
    expect(calls.map(({ descriptors }) => descriptors)).toEqual([[1, 3], [2, 5], [4]])
  })

  it('has the rest written to whoever took less', () => {
    const { loop } = recordingLoop({ 2: 3, 3: 0 })
    const encoding = countingEncoding()
    const readers = [1, 2, 3].map((descriptor) => reader(descriptor, encoding))
    new Broadcast(loop).send(batch(), new Set(readers.map(({ subscription }) => subscription)))
    const text = '["c",1,"\\"data\\""]\n'
    expect(readers.map(({ connection }) => connection.rests)).toEqual([[], [[text, 3]], [[text, 0]]])
  })

  it('makes no call when nobody can take it', () => {
    const { loop, calls } = recordingLoop()
    const alone = reader(-1, countingEncoding())
    const others = new Broadcast(loop).send(batch(), new Set([alone.subscription]))
    expect([calls, others]).toEqual([[], [alone.subscription]])
  })
})
