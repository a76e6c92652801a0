/** One fault, planted by replacing text in the built code. */
export interface Plant {
  readonly name: string
  /** The file in dist/, the text that must stand in it exactly once, and what takes its place. */
  readonly edits: readonly (readonly [file: string, text: string, replacement: string])[]
  /** The test that must catch it: its file, and the beginning of its full name inside of the file. */
  readonly caughtBy: readonly [file: string, name: string]
}

const conformance = 'test/conformance/server.test.ts'
const subscription = 'test/hub/subscription.test.ts'

/** The ten faults. */
export const plants: readonly Plant[] = [
  {
    name: 'resume off by one',
    edits: [
      [
        'hub/start.js',
        'after.epoch === hub.epoch ? after.offset :',
        'after.epoch === hub.epoch ? after.offset + 1 :',
      ],
    ],
    caughtBy: [conformance, 'reading/sse/resume'],
  },
  {
    name: 'no deduplication',
    edits: [['client/subscription.js', 'next.offset <= held.offset', 'false']],
    caughtBy: ['test/client/subscription.test.ts', 'lets each event through once'],
  },
  {
    name: 'live before replay',
    edits: [
      [
        'hub/subscription.js',
        "if (this.#state === 'behind') {\n            this.pump();",
        "if (this.#state === 'never') {\n            this.pump();",
      ],
      [
        'hub/subscription.js',
        "if (this.#state !== 'live')\n            return false;",
        "if (this.#state === 'closed')\n            return false;",
      ],
    ],
    caughtBy: ['test/mutants/replay-first.test.ts', 'gives what is live only after the replay'],
  },
  {
    name: 'heartbeat as a comment',
    edits: [
      [
        'transports/sse.js',
        'this.#heartbeatBlock(this.#session.standing)',
        "this.write(Buffer.from(': heartbeat\\n\\n'))",
      ],
    ],
    caughtBy: [conformance, 'sse/heartbeat-again'],
  },
  {
    name: '$reset left out',
    edits: [
      ['hub/subscription.js', "this.connection.control({ op: 'reset', id: this.position, ...reset });", ';'],
    ],
    caughtBy: [conformance, 'reset/sse/ahead'],
  },
  {
    name: 'offset used twice',
    edits: [
      [
        'log/memory/kept-events.js',
        'offset: ++this.#head,',
        'offset: this.#all.length % 2 === 1 ? this.#head : ++this.#head,',
      ],
    ],
    caughtBy: ['test/log/memory.test.ts', 'append/rising'],
  },
  {
    name: 'queue unbounded',
    edits: [['hub/subscription.js', 'this.connection.backlogBytes > backlogLimit', 'false']],
    caughtBy: [subscription, 'falls behind when its socket holds too much'],
  },
  {
    name: 'a write per event instead of per turn',
    edits: [
      [
        'hub/topic.js',
        'if (subscription.deliver(batch, from))',
        'if (events.map((one) => subscription.deliver(new Batch([one]), from))[0])',
      ],
    ],
    caughtBy: [subscription, 'encodes 5 events of one turn 5 times'],
  },
  {
    name: 'encode per subscriber',
    edits: [
      ['hub/encoded-event.js', 'this.#encoding = encoding.name;', ''],
      ['hub/encoded-event.js', 'this.#others.set(encoding.name, made);', ''],
    ],
    caughtBy: [subscription, 'encodes 5 events of one turn 5 times'],
  },
  {
    name: 'first block without id',
    edits: [['transports/sse.js', 'this.#heartbeatBlock(standingOf(streams))', 'this.#heartbeatBlock({})']],
    caughtBy: [conformance, 'sse/first-block:'],
  },
]
