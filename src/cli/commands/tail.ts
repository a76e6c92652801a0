import { type Arguments, type Command, numberFlag, textFlag } from '../command.ts'
import { type Credential, hiding, readCredential, refusedToken, tokenFileFlag } from '../credential.ts'
import { CommandError, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { follow } from '../tail/follow.ts'
import { showMessage } from '../tail/show-message.ts'
import type { TailMessage, TailStart, TailTarget, TailWire } from '../tail/wire.ts'
import { channelUrl, parseUrl } from '../target.ts'
import { stopSignal, type Terminal } from '../terminal.ts'

/** Each wire is loaded when it is asked for: only one of them needs the WebSocket library. */
const transports: Readonly<Record<string, () => Promise<TailWire>>> = {
  sse: async () => (await import('../tail/sse-wire.ts')).sseWire,
  websocket: async () => (await import('../tail/websocket-wire.ts')).websocketWire,
  'long-poll': async () => (await import('../tail/long-poll-wire.ts')).longPollWire,
}

/** `fairlead tail`. */
export const tail: Command = {
  name: 'tail',
  usage: 'URL [CHANNEL] [flags]',
  description: [
    'Shows the events of CHANNEL as they come, on the server whose base URL is URL. It reconnects after a cut and goes on where it stood, and says so on standard error; Ctrl-C ends it.',
    'Without CHANNEL, URL is read as a plain stream of server-sent events, of any server, as an EventSource would read it. Of each block that dispatches nothing it says why.',
    'With --json each line is an envelope as it came; of a plain stream one made from it, whose data is JSON if it was, else a text. Resets, presence and goodbyes are lines of their own.',
  ],
  arity: [1, 2],
  flags: {
    after: {
      type: 'string',
      placeholder: 'POSITION',
      description: 'Start after this position (an id), or at earliest or latest. Default: latest',
    },
    last: { type: 'string', placeholder: 'N', description: 'Start with the newest N events' },
    transport: {
      type: 'string',
      placeholder: 'NAME',
      description: 'sse (the default), websocket or long-poll',
    },
    count: { type: 'string', placeholder: 'N', description: 'Stop after N events' },
    timeout: {
      type: 'string',
      placeholder: 'S',
      description: 'Stop after S seconds; a failure if --count was not reached',
    },
    'token-file': tokenFileFlag,
    json: { type: 'boolean', description: 'Print envelopes, one a line' },
  },
  refused: refusedToken,
  examples: [
    ['fairlead tail http://localhost:8080/live orders', 'what happens from now on'],
    [
      'fairlead tail http://localhost:8080/live orders --last 10 --transport websocket',
      'the newest 10, then live',
    ],
    [
      'tail http://localhost:8080/live orders --after earliest --json --count 100',
      '100 envelopes for a script',
    ],
    ['fairlead tail https://shop.example/events', "another server's stream, with a diagnosis"],
  ],
  async run(args, terminal) {
    const { target, start, wire, credential } = await readArguments(args, terminal)
    const wanted = numberFlag(args, 'count', 1)
    const seconds = numberFlag(args, 'timeout', 1)
    const stop = stopSignal()
    const signal = seconds === undefined ? stop : AbortSignal.any([stop, AbortSignal.timeout(seconds * 1000)])
    const tell = (note: string): void => terminal.note(terminal.noteStyle('dim', credential.hide(note)))
    const show = args.flags.json ? printEnvelope : showMessage
    return hiding(credential, async () => {
      let count = 0
      for await (const item of follow({ wire, target, start, signal, tell })) {
        const { message } = item
        show(item, terminal)
        // Names with `$` are the server's own words on a plain stream.
        const counts = message.op === 'event' && !message.event.startsWith('$')
        if (counts && ++count === wanted) return exitCodes.ok
      }
      if (wanted === undefined || stop.aborted) return exitCodes.ok
      throw new CommandError(`${count} of ${wanted} events came in ${seconds} s.`)
    })
  },
}

interface TailArguments {
  readonly target: TailTarget
  readonly start: TailStart
  readonly wire: TailWire
  readonly credential: Credential
}

async function readArguments(args: Arguments, terminal: Terminal): Promise<TailArguments> {
  const [address = '', channel] = args.positionals
  const url = parseUrl(address)
  const start = { after: textFlag(args, 'after'), last: numberFlag(args, 'last', 0) }
  if (start.after !== undefined && start.last !== undefined)
    throw new UsageError('Give --after or --last, not both.')
  const transport = textFlag(args, 'transport') ?? 'sse'
  const load = Object.hasOwn(transports, transport) ? transports[transport] : undefined
  if (!load) throw new UsageError(`--transport is one of ${Object.keys(transports).join(', ')}.`)
  if (channel !== undefined) {
    const target = channelUrl(url, channel)
    const credential = await readCredential(args, url, terminal)
    return { target: { url: target, headers: credential.headers }, start, wire: await load(), credential }
  }
  if (transport !== 'sse' || start.last !== undefined) {
    throw new UsageError('Without CHANNEL a plain stream is read: --transport and --last need a CHANNEL.')
  }
  const { plainWire } = await import('../tail/plain-wire.ts')
  const credential = await readCredential(args, url, terminal)
  return { target: { url, headers: credential.headers }, start, wire: plainWire, credential }
}

function printEnvelope({ text, message }: TailMessage, { print }: Terminal): void {
  if (message.op !== 'heartbeat') print(text)
}
