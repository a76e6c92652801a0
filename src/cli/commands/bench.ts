import { benchClaims } from '../bench/claims/command.ts'
import { type FlowResult, runLoad, type ServerCost } from '../bench/flow.ts'
import { readFlows } from '../bench/read-flows.ts'
import { type Command, numberFlag } from '../command.ts'
import { hiding, readCredential, refusedToken, tokenFileFlag } from '../credential.ts'
import { UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { parseUrl } from '../target.ts'
import { stopSignal, type Terminal } from '../terminal.ts'

/** `fairlead bench`. */
export const bench: Command = {
  name: 'bench',
  usage: 'URL [CHANNEL] [flags] | --claims [flags]',
  description: [
    'Loads a running server: opens readers of CHANNEL in a process of their own, sends events at an even pace, and prints how late they came, how many, and what it cost the server when it runs on this machine. A delay counts from when an event was due, whoever was late.',
    'The events are real: use a channel made for it, that you may read and send to, and whose handler, if any, publishes what is sent. With --flows the channels, rates and sizes come from the file that fairlead advise reads, all at once.',
    'Readers and server on one machine share its processors: up to a few thousand readers that is a fair picture, and beyond it the readers are what is measured.',
    'With --claims it needs no server: what is often said of SSE and WebSocket is measured on this machine, within six minutes (--quick: one), and a report with pictures is written.',
  ],
  arity: [0, 2],
  flags: {
    subscribers: { type: 'string', placeholder: 'N', description: 'Readers of a channel. Default: 100' },
    rate: { type: 'string', placeholder: 'N', description: 'Events a second. Default: 10' },
    size: { type: 'string', placeholder: 'BYTES', description: 'Of a payload. Default: 100' },
    transport: {
      type: 'string',
      placeholder: 'NAME',
      description: 'sse (the default), websocket or long-poll',
    },
    duration: { type: 'string', placeholder: 'S', description: 'How long events are sent. Default: 10' },
    flows: { type: 'string', placeholder: 'FILE', description: 'A file of flows, in place of CHANNEL' },
    'token-file': tokenFileFlag,
    claims: {
      type: 'boolean',
      description: 'Measure what is said of SSE and WebSocket; --subscribers caps connections',
    },
    quick: { type: 'boolean', description: 'With --claims: fewer rounds, within a minute' },
    only: { type: 'string', placeholder: 'E3,E5', description: 'With --claims: these experiments' },
    out: {
      type: 'string',
      placeholder: 'FOLDER',
      description: 'With --claims: where the report goes. Default: fairlead-claims',
    },
    json: { type: 'boolean', description: 'Print the result as JSON' },
  },
  refused: refusedToken,
  examples: [
    ['fairlead bench http://localhost:8080/live load/a', '100 readers, 10 events a second'],
    [
      'fairlead bench http://localhost:8080/live load/a --subscribers 2000 --rate 50 --transport websocket',
      'more of both',
    ],
    ['fairlead bench https://shop.example/live --flows flows.yaml --json', "an application's own flows"],
    ['fairlead bench --claims --quick --out report', 'what is said of SSE and WebSocket, measured here'],
  ],
  async run(args, terminal) {
    if (args.flags.claims) return benchClaims(args, terminal)
    if (args.positionals.length === 0)
      throw new UsageError('Something is missing: fairlead bench URL [CHANNEL], or fairlead bench --claims.')
    const flows = await readFlows(args, terminal)
    const seconds = numberFlag(args, 'duration', 1) ?? 10
    const credential = await readCredential(args, parseUrl(args.positionals[0] ?? ''), terminal)
    const tell = (what: string): void => terminal.note(terminal.noteStyle('dim', credential.hide(what)))
    const { headers } = credential
    const load = { seconds, headers, signal: stopSignal(), tell }
    const result = await hiding(credential, () => runLoad(flows, load))
    if (args.flags.json) terminal.print(JSON.stringify(result))
    else show(result, terminal)
    return result.flows.every(({ lost, refused }) => lost + refused === 0) ? exitCodes.ok : exitCodes.failure
  },
}

function show(
  { flows, server }: { flows: readonly FlowResult[]; server: ServerCost | undefined },
  to: Terminal,
): void {
  for (const flow of flows) showFlow(flow, to)
  if (!server) return to.print('server     not on this machine, or not to be seen from here')
  const { cpuUsPerDelivery, cpuShare, memory } = server
  to.print(
    `server     ${cpuUsPerDelivery.toFixed(1)} µs of CPU a delivery, ${Math.round(cpuShare * 100)} % of a core, ${(memory / 2 ** 20).toFixed(0)} MiB resident`,
  )
}

function showFlow(flow: FlowResult, { print, style }: Terminal): void {
  const { channel, transport, subscribers, rate, size, sent, refused, delivered, lost, latency } = flow
  print(
    style(
      'bold',
      `${channel}: ${subscribers} readers over ${transport}, ${rate} events a second of ${size} bytes`,
    ),
  )
  print(`sent       ${sent}${refused > 0 ? style('red', `, ${refused} refused or not answered`) : ''}`)
  print(
    `delivered  ${delivered} of ${sent * subscribers}${lost > 0 ? style('red', `, ${lost} lost`) : ', none lost'}`,
  )
  const odd = [
    [flow.repeated, 'repeated'],
    [flow.disordered, 'out of order'],
    [flow.resets, 'resets'],
    [flow.cut, 'connections cut'],
  ] as const
  for (const [count, what] of odd) if (count > 0) print(`           ${style('yellow', `${count} ${what}`)}`)
  if (!latency) return
  const ms = (us: number): string => `${(us / 1000).toFixed(1)} ms`
  print(`delay      median ${ms(latency.median)}, p99 ${ms(latency.p99)}, last ${ms(latency.max)}`)
}
