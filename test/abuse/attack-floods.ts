import { type Attack, askLines, attackCase, eventsOf, tally } from './attack-case.ts'
import { attackChannel } from './attack-forgery.ts'
import { inTurns, latin1, openLine } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'
import { describeFrames } from './websocket-case.ts'
import { closeFrame, readFrames, type SentFrame, talk, writeFrame } from './websocket-line.ts'
import { mutants } from './wire-mutants.ts'

/** Much of what is allowed in small amounts: the server must hold no more for it, and go on answering others. */

const mib = 1024 * 1024

/** How much more memory an attack left the server with, after a collection, in words. */
export async function whileFlat(
  stage: Stage,
  boundBytes: number,
  attack: () => Promise<string>,
): Promise<string> {
  const before = await stage.victim.measure()
  const seen = await attack()
  const grownNow = async () => (await stage.victim.measure()).heapBytes - before.heapBytes
  // Sockets that are on their way out are no memory that was left.
  let grown = await grownNow()
  for (let tried = 0; grown >= boundBytes && tried < 20; tried++) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    grown = await grownNow()
  }
  return `${seen}, ${grown < boundBytes ? 'memory flat' : `${grown} bytes more`}`
}

/** Connections whose request never ends, a byte now and then, while good requests are answered. */
async function slowloris(stage: Stage, request: string): Promise<string> {
  const port = stage.ports.dev
  const lines = Array.from({ length: Math.min(stage.times, 500) }, () => openLine(port))
  const drops = setInterval(() => {
    for (const { socket } of lines) if (!socket.destroyed) socket.write('x')
  }, 1_000)
  try {
    await Promise.all(lines.map((line) => line.send([latin1(request.replace('HOST', `127.0.0.1:${port}`))])))
    const good = await Promise.all(
      Array.from({ length: 50 }, () => fetch(`http://127.0.0.1:${port}/live/good?limit=1`)),
    )
    const ends = await Promise.all(lines.map((line) => line.until(() => false, 120_000)))
    // Whoever writes on while the server closes may lose the answer to the reset; most do not.
    const answered = ends.filter(({ bytes }) => bytes.includes(' 408 ')).length
    const closed = ends.every((one) => one.closed) ? 'all closed' : 'some left open'
    return `good ${tally(good.map(({ status }) => status))}, ${closed}, ${answered > 0 ? '408' : 'no answer'}`
  } finally {
    clearInterval(drops)
    for (const line of lines) line.cut()
  }
}

/** Opens WebSockets, sends frames on each while reading nothing, and waits until the server has taken or refused them. */
async function unreadFrames(stage: Stage, frame: SentFrame, n: number): Promise<string> {
  const one = writeFrame(frame)
  const flood = Buffer.alloc(one.length * n)
  for (let i = 0; i < n; i++) one.copy(flood, i * one.length)
  return whileFlat(stage, 8 * mib, async () => {
    const lines = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const line = openLine(stage.ports.dev)
        const upgrade = `GET /live/${attackChannel('flood')} HTTP/1.1\r\nHost: 127.0.0.1:${stage.ports.dev}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
        await line.send([latin1(upgrade)])
        await line.until((bytes) => readFrames(bytes, false).status === 101)
        line.socket.pause()
        line.socket.write(flood)
        return line
      }),
    )
    const good = await fetch(`http://127.0.0.1:${stage.ports.dev}/live/good?limit=1`)
    const held = await stage.victim.measure()
    for (const line of lines) line.cut()
    return `good ${good.status}, ${held.rssBytes < 600 * mib ? 'held little' : `held ${held.rssBytes}`}`
  })
}

/** More subscriptions than one connection may have, and the same ones over and over. */
async function subscriptions(stage: Stage): Promise<string> {
  const text = (message: object): Buffer => writeFrame({ opcode: 1, payload: JSON.stringify(message) })
  const many = Array.from({ length: 1000 }, (_, ref) =>
    text({ op: 'subscribe', ref, channel: `flood/${ref}` }),
  )
  const again = Array.from({ length: 500 }, (_, ref) => [
    text({ op: 'subscribe', ref, channel: 'flood/again' }),
    text({ op: 'unsubscribe', ref, channel: 'flood/again' }),
  ]).flat()
  return whileFlat(stage, 8 * mib, async () => {
    const seen = await inTurns([many, many, many, again, again], 5, async (frames) =>
      describeFrames(
        await talk({
          port: stage.ports.dev,
          path: '/live',
          bytes: Buffer.concat(frames),
          way: 'whole',
          enough: ({ frames: heard }) =>
            heard.filter(({ payload }) => /^\{"op":"(ok|error)"/.test(payload.toString())).length === 1000,
        }),
      ),
    )
    return [...new Set(seen)].join('; ')
  })
}

/** A thousand control frames at once; says how it ended. */
async function controlFlood(stage: Stage, opcode: number): Promise<string> {
  const frames = Array.from({ length: 1000 }, (): SentFrame => ({ opcode, payload: 'p' }))
  const bytes = Buffer.concat([...frames, closeFrame(1000)].map(writeFrame))
  const { frames: heard } = await talk({ port: stage.ports.dev, path: '/live', bytes, way: 'whole' })
  const close = heard.find((frame) => frame.opcode === 8)
  return close ? `closed with ${close.payload.readUInt16BE(0)}` : 'cut'
}

/** A request that is almost good, thousands of times, each wrong in another way: the process lives and answers. */
async function fuzzedRequests(stage: Stage): Promise<string> {
  const port = stage.ports.dev
  const reached = await inTurns(mutants(stage.times * 2, 7, `127.0.0.1:${port}`), 50, async (bytes) => {
    const line = openLine(port)
    try {
      await line.send([bytes])
      line.socket.end()
      const { bytes: heard } = await line.until((all) => all.includes('\r\n\r\n'), 20_000)
      return heard.subarray(9, 12).toString('latin1')
    } finally {
      line.cut()
    }
  })
  const odd = reached.filter((status) => status.startsWith('5'))
  const good = await fetch(`http://127.0.0.1:${port}/live/good?limit=1`)
  return `good ${good.status}, ${odd.length === 0 ? 'none failed' : `${odd.length} answered 5xx`}`
}

/** The same of frames. */
async function fuzzedFrames(stage: Stage): Promise<string> {
  const seen = await inTurns(mutants(stage.times * 2, 11), 50, async (bytes) => {
    const heard = await talk({
      port: stage.ports.dev,
      path: '/live',
      bytes: Buffer.concat([bytes, writeFrame(closeFrame(1000)), Buffer.alloc(300)]),
      way: 'whole',
      withinMs: 3_000,
    }).catch(() => undefined)
    return heard?.frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE(0)
  })
  const known = new Set([undefined, 1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 4000])
  const odd = seen.filter((code) => !known.has(code))
  return odd.length === 0 ? 'known codes' : `other codes ${tally(odd)}`
}

/** Each as a case. */
export const controlFloods: readonly AbuseCase[] = (
  [
    {
      row: '9',
      name: 'deflate-bomb',
      alone: true,
      expected: 'close 1002, memory flat',
      run: (stage) =>
        whileFlat(stage, 8 * mib, async () => {
          const frame = writeFrame({ opcode: 1, reserved: 4, payload: Buffer.alloc(16_311, 0) })
          const lines = ['Sec-WebSocket-Extensions: permessage-deflate']
          const all = await inTurns(Array.from({ length: 100 }), 100, () =>
            talk({ port: stage.ports.dev, path: '/live', lines, bytes: frame, way: 'whole' }),
          )
          return [...new Set(all.map(describeFrames))].join('; ')
        }),
    },
    {
      row: '11',
      name: 'slow-loris-headers',
      long: true,
      expected: 'good 200 × 50, all closed, 408',
      run: (stage) => slowloris(stage, 'GET /live/slow HTTP/1.1\r\nHost: HOST\r\nX-Slow: '),
    },
    {
      row: '11',
      name: 'slow-loris-body',
      long: true,
      expected: 'good 200 × 50, all closed, 408',
      run: (stage) =>
        slowloris(
          stage,
          'POST /live/slow HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"',
        ),
    },
    {
      row: '13',
      name: 'ping-flood',
      expected: 'closed with 4100',
      run: (stage) => controlFlood(stage, 9),
    },
    {
      row: '13',
      name: 'pong-flood',
      expected: 'closed with 4100',
      run: (stage) => controlFlood(stage, 10),
    },
    {
      row: '13',
      name: 'pings-without-reading',
      alone: true,
      expected: 'good 200, held little, memory flat',
      run: (stage) => unreadFrames(stage, { opcode: 9, payload: 'x'.repeat(125) }, 20 * stage.times),
    },
    {
      row: '13',
      name: 'messages-without-reading',
      alone: true,
      expected: 'good 200, held little, memory flat',
      run: (stage) =>
        unreadFrames(stage, { opcode: 1, payload: '{"op":"unsubscribe","ref":1}' }, 20 * stage.times),
    },
    {
      row: '14',
      name: 'subscription-flood',
      alone: true,
      expected: 'ok ×100, error too_many_subscriptions ×900; ok ×1000, memory flat',
      run: subscriptions,
    },
    {
      row: '18',
      name: 'deep-json',
      expected: '400 × 20',
      run: async (stage) => {
        const deep = [
          '['.repeat(250_000),
          '{"a":'.repeat(50_000),
          `${'['.repeat(120_000)}${']'.repeat(120_000)}`,
          `"${'\\'.repeat(200_000)}`,
        ]
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, i) =>
            askLines(
              stage,
              'dev',
              'POST /live/deep',
              ['Content-Type: application/json'],
              deep[i % deep.length],
            ),
          ),
        )
        return tally(answers.map((answer) => answer?.status))
      },
    },
    { row: '27', name: 'fuzzed-requests', expected: 'good 200, none failed', run: fuzzedRequests },
    { row: '27', name: 'fuzzed-frames', expected: 'known codes', run: fuzzedFrames },
    {
      row: '30',
      name: 'channels-that-look-like-indices',
      expected: '1000 of 1000 stored',
      run: async (stage) => {
        const batches = Array.from({ length: 10 }, (_, b) =>
          JSON.stringify(
            Array.from({ length: 100 }, (_, i) => ({
              op: 'send',
              ref: i,
              channel: String((b * 100 + i) * 2 ** 20),
              key: `index-${b}-${i}`,
              data: i,
            })),
          ),
        )
        for (const body of batches) {
          await fetch(`http://127.0.0.1:${stage.ports.dev}/live`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body,
          })
        }
        const stored = await inTurns(
          Array.from({ length: 1000 }, (_, i) => i),
          20,
          async (i) => (await eventsOf(stage, String(i * 2 ** 20))).length,
        )
        return `${stored.filter((n) => n === 1).length} of 1000 stored`
      },
    },
  ] satisfies Attack[]
).map(attackCase)
