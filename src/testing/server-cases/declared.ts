import { deepStrictEqual, ok } from 'node:assert/strict'
import { patienceMs } from '../wire/inbox.ts'
import { contractCases, declaredChannel, type ServerCase } from './case.ts'
import { take, texts } from './items.ts'
import { type Item, readerKinds } from './readers.ts'
import { messageText, senderKinds } from './senders.ts'
import { openAny } from './stream.ts'
import { newKey, post, type Target } from './target.ts'

/** What a declaration changes: handlers, retention and who may read (PROTOCOL.md, sections 2, 3 and 6). */
export const declaredCases: readonly ServerCase[] = [
  ...senderKinds.flatMap((kind) =>
    contractCases(`handler/${kind.name}`, '6', [
      [
        'answer',
        'A handler may answer: its value, and no event.',
        async (target) => {
          const channel = declaredChannel(target, 'handled')
          const answer = await (await kind.open(target))(channel, { payload: '[1.50]', event: 'answer' })
          deepStrictEqual([answer.data, answer.id], [{ answered: [1.5] }, undefined])
        },
      ],
      [
        'publish',
        'A handler may change and publish; the answer names the event.',
        async (target) => {
          const channel = declaredChannel(target, 'handled')
          const reader = await readerKinds[0]!.open(target, [channel])
          const send = await kind.open(target)
          const answer = await send(channel, { payload: '1', event: 'publish' })
          const [item] = await take(reader, 1)
          deepStrictEqual([item?.id, item?.text], [answer.id, '{"changed":1}'])
          // Published as it came, a payload keeps its digits.
          await send(channel, { payload: '1.50', event: 'publish-as-sent' })
          deepStrictEqual(texts(await take(reader, 1)), ['1.50'])
        },
      ],
      [
        'both',
        'A handler may publish and answer.',
        async (target) => {
          const channel = declaredChannel(target, 'handled')
          const answer = await (await kind.open(target))(channel, {
            payload: '1',
            event: 'publish-and-answer',
          })
          deepStrictEqual([typeof answer.id, answer.data], ['string', 'done'])
        },
      ],
      [
        'neither',
        'A handler may do neither.',
        async (target) => {
          const channel = declaredChannel(target, 'handled')
          const answer = await (await kind.open(target))(channel, { payload: '1', event: 'nothing' })
          deepStrictEqual([answer.code, answer.id, answer.data], [undefined, undefined, undefined])
        },
      ],
      [
        'refuse',
        "A handler's refusal is answered with its code; its fault with internal, and no word of it.",
        async (target) => {
          const channel = declaredChannel(target, 'handled')
          const send = await kind.open(target)
          for (const [event, code] of [
            ['refuse', 'forbidden'],
            ['busy', 'busy'],
            ['break', 'internal'],
          ] as const) {
            const answer = await send(channel, { payload: '1', event })
            deepStrictEqual(answer.code, code)
            ok(!JSON.stringify(answer).includes('secret'), JSON.stringify(answer))
          }
        },
      ],
      [
        'key',
        'With a key, what a handler appends it appends once.',
        async (target) => {
          const channel = declaredChannel(target, 'handled')
          const send = await kind.open(target)
          const sending = { payload: '1', event: 'publish', key: newKey() }
          const [first, again] = [await send(channel, sending), await send(channel, sending)]
          deepStrictEqual(again.id, first.id)
        },
      ],
    ]),
  ),
  ...contractCases('handler', '6', [
    ['statuses', 'A POST is 201 for an event, 200 for an answer, 204 for neither, 503 for busy.', statuses],
    ['skipped', 'After the first temporary failure of a batch the rest are skipped.', skipped],
    [
      'skipped-websocket',
      'So are the later messages of a batch on a WebSocket, and nobody else.',
      skippedOnSocket,
    ],
  ]),
  ...readerKinds.flatMap((kind) =>
    contractCases(`unkept/${kind.name}`, '2', [
      [
        'delivered',
        'On a channel that keeps nothing an event is delivered without an id, and not kept.',
        async (target) => {
          const channel = declaredChannel(target, 'unkept')
          const reader = await kind.open(target, [channel])
          // Sent until one arrives: between two polls nobody is there to see it.
          let seen: Item | undefined
          const reading = reader.next().then((item) => {
            seen = item
          })
          const until = Date.now() + patienceMs
          while (!seen && Date.now() < until) {
            const { status } = await target.http(`/${channel}`, post('1.50'))
            ok(status < 300, `a POST was answered ${status}`)
          }
          await reading
          deepStrictEqual([seen?.text, seen?.id], ['1.50', undefined])
          const stored = await target.http(`/${channel}?after=earliest&limit=10`)
          deepStrictEqual(stored.json().events, [])
        },
      ],
    ]),
  ),
  ...contractCases('denied', '3', [
    ['one-of-two', 'A channel that may not be read is said by $denied, the others go on.', deniedOneOfTwo],
    ['all', 'Only if none may be read: 403.', deniedAll],
    ['websocket', 'On a WebSocket it is an error, and the connection stays.', deniedOnSocket],
    ['alike', 'The refusal does not depend on the channel.', deniedAlike],
  ]),
]

async function statuses(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'handled')
  const seen: number[] = []
  for (const event of ['publish', 'answer', 'nothing', 'refuse', 'break', 'busy']) {
    seen.push((await target.http(`/${channel}?event=${event}`, post('1'))).status)
  }
  deepStrictEqual(seen, [201, 200, 204, 403, 500, 503])
  const busy = await target.http(`/${channel}?event=busy`, post('1'))
  ok(Number(busy.headers['retry-after']) >= 0, 'a temporary refusal says when to come again')
  const answer = await target.http(`/${channel}?event=answer`, post('1'))
  deepStrictEqual(answer.json(), { data: { answered: 1 } })
}

async function skipped(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'handled')
  const kept = target.channel()
  const sendings = [
    messageText(kept, { payload: '1', key: newKey() }, 1),
    messageText(channel, { payload: '2', key: newKey(), event: 'refuse' }, 2),
    messageText(kept, { payload: '3', key: newKey() }, 3),
    messageText(channel, { payload: '4', key: newKey(), event: 'busy' }, 4),
    messageText(kept, { payload: '5', key: newKey() }, 5),
    messageText(kept, { payload: '6', key: newKey() }, 6),
  ]
  const answer = await target.http('', post(`[${sendings.join()}]`))
  deepStrictEqual(answer.status, 200)
  const answers = JSON.parse(answer.body) as { ref: number; op: string; code?: string; retry?: boolean }[]
  deepStrictEqual(
    answers.map((one) => [one.ref, one.code ?? one.op, one.retry]),
    [
      [1, 'ok', undefined],
      [2, 'forbidden', undefined],
      [3, 'ok', undefined],
      [4, 'busy', true],
      [5, 'skipped', true],
      [6, 'skipped', true],
    ],
  )
}

async function skippedOnSocket(target: Target): Promise<void> {
  const channel = declaredChannel(target, 'handled')
  const kept = target.channel()
  const socket = await target.socket('')
  const answers = await Promise.all([
    socket.ask({ op: 'send', channel: kept, data: 1, batch: 1 }),
    socket.ask({ op: 'send', channel, data: 2, event: 'busy', batch: 1 }),
    socket.ask({ op: 'send', channel: kept, data: 3, batch: 1 }),
    socket.ask({ op: 'send', channel: kept, data: 4, batch: 2 }),
    socket.ask({ op: 'send', channel: kept, data: 5 }),
  ])
  deepStrictEqual(
    answers.map(({ envelope }) => [envelope.code ?? envelope.op, envelope.retry]),
    [
      ['ok', undefined],
      ['busy', true],
      ['skipped', true],
      ['ok', undefined],
      ['ok', undefined],
    ],
  )
}

async function deniedOneOfTwo(target: Target): Promise<void> {
  const [denied, open] = [declaredChannel(target, 'denied'), target.channel()]
  const stream = await target.sse(`?channel=${denied}&channel=${open}`)
  const block = await stream.event()
  deepStrictEqual(
    [block.event, JSON.parse(block.data ?? '')],
    ['$denied', { channel: denied, code: 'forbidden' }],
  )
  await target.publish(open, 1)
  deepStrictEqual((await stream.event()).event, `${open}:message`)
}

async function deniedAll(target: Target): Promise<void> {
  const denied = declaredChannel(target, 'denied')
  for (const path of [`/${denied}`, `/${denied}?limit=1`, `?channel=${denied}&channel=${denied}x`]) {
    const stream = await openAny(target, path)
    deepStrictEqual(stream.status, 403, path)
    stream.cut()
  }
}

async function deniedOnSocket(target: Target): Promise<void> {
  const socket = await target.socket('')
  const answer = await socket.ask({ op: 'subscribe', channel: declaredChannel(target, 'denied') })
  deepStrictEqual([answer.op, answer.envelope.code], ['error', 'forbidden'])
  deepStrictEqual((await socket.ask({ op: 'subscribe', channel: target.channel() })).op, 'ok')
}

async function deniedAlike(target: Target): Promise<void> {
  const [one, two] = [declaredChannel(target, 'denied'), declaredChannel(target, 'denied')]
  const answers = [await target.http(`/${one}?limit=1`), await target.http(`/${two}?limit=1`)]
  deepStrictEqual(answers[0]?.body, answers[1]?.body)
}
