import { randomBytes } from 'node:crypto'
import type { Writable } from 'node:stream'
import { deflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import * as ws from 'ws'
import { limits } from '../../src/protocol/index.ts'
import { seededRandom } from '../../src/testing/clock.ts'
import { FrameReader, type FrameTaker } from '../../src/transports/frame-reader.ts'

/** What a reader told, in order, as short lines. */
class Told implements FrameTaker {
  readonly lines: string[] = []
  readonly #idle: (() => void)[] = []
  reader: FrameReader | undefined
  holds = 0

  get held(): boolean {
    return this.holds > 0
  }

  text(text: string): void {
    this.lines.push(`text ${hex(Buffer.from(text))}`)
  }

  binary(bytes: Buffer): void {
    this.lines.push(`binary ${hex(bytes)}`)
  }

  pinged(payload: Buffer): void {
    this.lines.push(`ping ${hex(payload)}`)
  }

  ponged(): void {
    this.lines.push('pong')
  }

  closes(code: number): void {
    this.lines.push(`close ${code}`)
  }

  breaks(code: number): void {
    this.lines.push(`fault ${code}`)
  }

  hold(): void {
    this.holds++
  }

  release(): void {
    this.holds--
    this.reader?.go()
    if (this.holds === 0) for (const idle of this.#idle.splice(0)) idle()
  }

  /** Resolves when nothing is being inflated. */
  async settled(): Promise<void> {
    if (this.holds > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }
}

const hex = (bytes: Buffer): string => bytes.toString('hex')

/** What ours tells of these bytes, given in these pieces. */
async function ours(pieces: readonly Buffer[], deflates: boolean): Promise<string[]> {
  const told = new Told()
  const reader = new FrameReader(told, deflates)
  told.reader = reader
  for (const piece of pieces) {
    reader.take(Buffer.from(piece))
    await told.settled()
  }
  return told.lines
}

interface ReceiverError extends Error {
  readonly [code: symbol]: number
}

// Public, though not in its types.
const { Receiver, PerMessageDeflate } = ws as unknown as {
  Receiver: new (options: object) => Writable
  PerMessageDeflate: new (options: object) => { accept(offers: object[]): object }
}

/** What the reader of `ws` tells of the same. */
async function theirs(pieces: readonly Buffer[], deflates: boolean): Promise<string[]> {
  const lines: string[] = []
  const extensions: Record<string, object> = {}
  if (deflates) {
    const agreed = new PerMessageDeflate({
      isServer: true,
      maxPayload: limits.messageBytes,
      clientNoContextTakeover: true,
    })
    agreed.accept([{ client_no_context_takeover: [true] }])
    extensions['permessage-deflate'] = agreed
  }
  const receiver = new Receiver({
    isServer: true,
    extensions,
    allowSynchronousEvents: true,
    maxPayload: limits.messageBytes,
    maxFragments: 64,
  })
  let over = false
  receiver.on('message', (data: Buffer, binary: boolean) =>
    lines.push(`${binary ? 'binary' : 'text'} ${hex(data)}`),
  )
  receiver.on('ping', (data: Buffer) => lines.push(`ping ${hex(data)}`))
  receiver.on('pong', () => lines.push('pong'))
  receiver.on('conclude', (code: number) => {
    lines.push(`close ${code}`)
    over = true
  })
  receiver.on('error', (error: ReceiverError) => {
    const code = Object.getOwnPropertySymbols(error).find((one) => one.description === 'status-code')
    lines.push(`fault ${error[code!]}`)
    over = true
  })
  for (const piece of pieces) {
    if (over) break
    await new Promise<void>((resolve) => receiver.write(Buffer.from(piece), () => setImmediate(resolve)))
  }
  return lines
}

/** One frame, as good or as bad as chance makes it. */
function anyFrame(random: () => number, deflates: boolean, open: { message: boolean }): Buffer {
  const chance = (share: number): boolean => random() < share
  const upTo = (most: number): number => Math.floor(random() * (most + 1))
  const control = chance(0.25)
  const inMessage = open.message !== chance(0.02)
  const opcode = chance(0.01)
    ? upTo(15)
    : control
      ? [8, 9, 9, 9, 10, 10, 10][upTo(6)]!
      : inMessage
        ? 0
        : 1 + upTo(1)
  const whole = control ? !chance(0.01) : chance(0.6)
  if (!control) open.message = !whole
  const compress = !control && opcode !== 0 && whole && deflates && chance(0.5)
  const plain = payloadOf(random, opcode)
  const payload = compress ? deflated(plain, chance(0.02)) : plain
  const first =
    (whole ? 0x80 : 0) | (compress !== chance(0.005) ? 0x40 : 0) | (chance(0.005) ? 0x20 : 0) | opcode
  return frame(first, payload, !chance(0.005), chance(0.002) ? 300_000 : payload.length)
}

function payloadOf(random: () => number, opcode: number): Buffer {
  const upTo = (most: number): number => Math.floor(random() * (most + 1))
  if (opcode === 8) {
    if (random() < 0.3) return Buffer.alloc(upTo(1))
    const code = Buffer.alloc(2)
    code.writeUInt16BE(random() < 0.7 ? 995 + upTo(25) : upTo(65_535))
    return Buffer.concat([code, text(random, upTo(20))])
  }
  if (opcode > 8) return text(random, upTo(random() < 0.02 ? 140 : 120))
  const length = [0, 1, 2, 3, 5, 124, 125, 126, 127, 1000, 65_535, 65_536][upTo(11)]!
  return text(random, random() < 0.5 ? upTo(40) : length)
}

/** Text of ASCII, of longer characters, or with a byte that fits nowhere. */
function text(random: () => number, length: number): Buffer {
  const kind = random()
  if (kind < 0.5) return Buffer.alloc(length, 'a{"op":1} ')
  const bytes = Buffer.alloc(length, kind < 0.9 ? 'é€🎏' : 'x')
  // Cut where it may, it is often no UTF-8 as it is.
  if (kind > 0.97 && length > 0) bytes[Math.floor(random() * length)] = 0xff
  return bytes
}

function deflated(plain: Buffer, broken: boolean): Buffer {
  const packed = deflateRawSync(plain, { finishFlush: 2 }).subarray(0, -4)
  if (broken && packed.length > 2) packed[1] = packed[1]! ^ 0xff
  return Buffer.from(packed)
}

function frame(first: number, payload: Buffer, masked: boolean, claimed: number): Buffer {
  const bit = masked ? 0x80 : 0
  const head = claimed < 126 ? Buffer.alloc(2) : claimed < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10)
  head[0] = first
  head[1] = bit | (claimed < 126 ? claimed : claimed < 65_536 ? 126 : 127)
  if (head.length === 4) head.writeUInt16BE(claimed, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(claimed), 2)
  const mask = randomBytes(4)
  const body = Buffer.from(payload)
  if (masked) for (let i = 0; i < body.length; i++) body[i] = body[i]! ^ mask[i % 4]!
  return Buffer.concat([head, masked ? mask : Buffer.alloc(0), body])
}

function cut(bytes: Buffer, random: () => number): Buffer[] {
  const most = [1, 7, 200, 70_000, bytes.length][Math.floor(random() * 5)]!
  if (most === 1 && bytes.length > 3_000) return [bytes]
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + Math.floor(random() * most)
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

const masked = (first: number, payload: string | Buffer): Buffer => {
  const bytes = Buffer.from(payload)
  return frame(first, bytes, true, bytes.length)
}

const between = (first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, i) => first + i)

describe('a reader of frames', () => {
  it.each([false, true])(
    'tells what `ws` tells, whatever comes in whatever pieces (compressed: %s)',
    async (deflates) => {
      for (let seed = 1; seed <= 120; seed++) {
        const random = seededRandom(seed)
        const open = { message: false }
        const frames = Array.from({ length: 1 + Math.floor(random() * 20) }, () =>
          anyFrame(random, deflates, open),
        )
        const pieces = cut(Buffer.concat(frames), random)
        expect(await ours(pieces, deflates), `seed ${seed}`).toEqual(await theirs(pieces, deflates))
      }
    },
  )

  it('takes the codes that `ws` takes, and fragments up to as many bytes', async () => {
    const codes = [
      ...between(0, 3),
      ...between(990, 1020),
      ...between(2_990, 3_010),
      ...between(4_990, 5_010),
    ]
    const closes = codes.map((code) => masked(0x88, Buffer.from([code >> 8, code & 0xff])))
    const parts = Array.from({ length: 4 }, (_, i) => masked(i === 0 ? 0x02 : 0x00, Buffer.alloc(65_536)))
    const rest = limits.messageBytes - 4 * 65_536
    const lasts = [rest, rest + 1].map((length) =>
      Buffer.concat([...parts, masked(0x80, Buffer.alloc(length))]),
    )
    for (const bytes of [...closes, ...lasts])
      expect(await ours([bytes], false)).toEqual(await theirs([bytes], false))
  })

  it('keeps no more than twice what has come, however long a frame claims to be', () => {
    const told = new Told()
    const reader = new FrameReader(told, false)
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 100 }, () => new FrameReader(told, false))
    for (const one of [reader, ...readers]) one.take(frame(0x82, Buffer.alloc(10), true, limits.messageBytes))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 ** 2)
    expect(told.lines).toEqual([])
  })

  it('reads nothing more of a piece while it is held, and then goes on', () => {
    const told = new Told()
    const reader = new FrameReader(told, false)
    told.reader = reader
    const one = masked(0x81, 'one')
    told.text = (text) => {
      told.lines.push(text)
      if (text === 'one') told.hold()
    }
    reader.take(Buffer.concat([one, masked(0x81, 'two'), masked(0x81, 'three').subarray(0, 4)]))
    expect(told.lines).toEqual(['one'])
    reader.take(Buffer.concat([masked(0x81, 'none').subarray(0, 0)]))
    expect(told.lines).toEqual(['one'])
    told.release()
    expect(told.lines).toEqual(['one', 'two'])
  })

  it('tells nothing after it was stopped, not even what was being inflated', async () => {
    const told = new Told()
    const reader = new FrameReader(told, true)
    told.reader = reader
    reader.take(masked(0xc1, deflated(Buffer.from('"late"'), false)))
    expect(told.holds).toBe(1)
    reader.stop()
    reader.take(masked(0x81, 'later'))
    // What takes longer to inflate is done: so is that.
    const longer = deflated(Buffer.alloc(limits.messageBytes, 'x'), false)
    expect(await ours([masked(0xc1, longer)], true)).toHaveLength(1)
    expect(told.lines).toEqual([])
  })

  it('inflates nothing beyond the longest message', async () => {
    const bomb = deflated(Buffer.alloc(64 * 1024 ** 2), false)
    expect(bomb.length).toBeLessThan(limits.messageBytes)
    expect(await ours([masked(0xc1, bomb)], true)).toEqual(['fault 1009'])
  })
})
