import { readFlowFile } from '../../advisor/index.ts'
import type { LoadTransport } from '../../load/subscribers.ts'
import { checked, readData } from '../advise/read-file.ts'
import { type Arguments, numberFlag, textFlag } from '../command.ts'
import { UsageError } from '../errors.ts'
import { channelUrl, parseUrl } from '../target.ts'
import type { Terminal } from '../terminal.ts'
import type { LoadFlow } from './flow.ts'

const transports: readonly LoadTransport[] = ['sse', 'websocket', 'long-poll']

/** The flows of the command line: one of CHANNEL and flags, or those of `--flows FILE`. Throws `UsageError`. */
export async function readFlows(args: Arguments, terminal: Terminal): Promise<LoadFlow[]> {
  const [address = '', channel] = args.positionals
  const base = parseUrl(address)
  const common = {
    subscribers: numberFlag(args, 'subscribers', 1) ?? 100,
    transport: readTransport(textFlag(args, 'transport') ?? 'sse'),
  }
  const file = textFlag(args, 'flows')
  if ((file === undefined) === (channel === undefined))
    throw new UsageError('Give a CHANNEL, or a file of flows with --flows FILE: one of the two.')
  if (file !== undefined) return flowsOf(file, base, common, terminal)
  const rate = numberFlag(args, 'rate', 1) ?? 10
  const size = numberFlag(args, 'size', 1) ?? 100
  return [{ channel: channel!, url: channelUrl(base, channel!), ...common, rate, size }]
}

type Common = Pick<LoadFlow, 'subscribers' | 'transport'>

async function flowsOf(file: string, base: URL, common: Common, terminal: Terminal): Promise<LoadFlow[]> {
  const content = await readData(file, terminal)
  const { flows, warnings } = checked(file, () => readFlowFile(content))
  for (const warning of warnings) terminal.note(terminal.noteStyle('yellow', warning))
  const down = flows.filter(({ inputs }) => inputs.direction !== 'up' && (inputs.downRate ?? 0) > 0)
  if (down.length === 0)
    throw new UsageError(`${file} has no flow with a rate down: nothing could be delivered.`)
  return down.map(({ channel, inputs }) => ({
    ...common,
    channel,
    url: channelUrl(base, channel),
    rate: inputs.downRate ?? 1,
    size: inputs.downBytes ?? 100,
  }))
}

function readTransport(name: string): LoadTransport {
  const found = transports.find((one) => one === name)
  if (found) return found
  throw new UsageError(`--transport is one of ${transports.join(', ')}.`)
}
