import type { ServerCaseResult } from '../../testing/index.ts'
import { type Command, textFlag } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { parseUrl, unreachable } from '../target.ts'
import { stopSignal, type Terminal } from '../terminal.ts'

/** `fairlead conformance`. */
export const conformance: Command = {
  name: 'conformance',
  usage: '--run URL [flags]',
  description: [
    'Tries every point of the wire contract on a running server in development mode, the same over SSE, WebSocket and long-poll, and says of each whether it holds. URL is its base URL.',
    'The cases write to channels of their own under conformance/. Those that need more of the server than development mode are skipped, unless a flag says that it has it.',
  ],
  arity: [0, 0],
  flags: {
    run: { type: 'string', placeholder: 'URL', description: 'The base URL of the server to try' },
    only: { type: 'string', placeholder: 'TEXT', description: 'Only cases whose name starts with TEXT' },
    declared: {
      type: 'boolean',
      description: 'The server declares the conformanceChannels of fairlead/testing',
    },
    'log-events': {
      type: 'string',
      placeholder: 'N',
      description: "The server's log keeps N events at most",
    },
    slow: { type: 'boolean', description: 'Run those too that wait half a minute' },
    json: { type: 'boolean', description: 'Print one JSON object a case' },
  },
  examples: [
    ['fairlead conformance --run http://localhost:8080/live', 'the whole contract'],
    ['fairlead conformance --run http://localhost:8080/live --only websocket/', 'a part of it'],
  ],
  async run(args, terminal) {
    const address = textFlag(args, 'run')
    if (address === undefined) throw new UsageError('Name the server to try: fairlead conformance --run URL')
    const url = parseUrl(address)
    await assertReachable(url)
    const { runServerCases } = await import('../../testing/index.ts')
    const signal = stopSignal()
    const show = args.flags.json ? printRow : showRow
    const results = await runServerCases(url.href, {
      only: textFlag(args, 'only'),
      declared: args.flags.declared === true,
      slow: args.flags.slow === true,
      signal,
      onResult: (result) => show(result, terminal),
    })
    if (signal.aborted) throw new CommandError('Stopped before the last case.')
    if (results.length === 0) throw new UsageError(`No case's name starts with ${textFlag(args, 'only')}.`)
    return conclude(results, args.flags.json === true, terminal)
  },
}

/** A server that is not there would fail every case, each after its own wait. */
async function assertReachable(url: URL): Promise<void> {
  const response = await fetch(url).catch((error) => {
    throw unreachable(url, error)
  })
  await response.body?.cancel()
}

function conclude(results: readonly ServerCaseResult[], json: boolean, { print }: Terminal): number {
  const count = (outcome: ServerCaseResult['outcome']): number =>
    results.filter((result) => result.outcome === outcome).length
  const [passed, failed, skipped] = [count('passed'), count('failed'), count('skipped')]
  if (json) {
    print(JSON.stringify({ passed, failed, skipped }))
  } else {
    print('')
    if (skipped > 0) print(`${skipped} skipped`)
    print(`${passed} passed, ${failed} failed`)
  }
  return failed === 0 ? exitCodes.ok : exitCodes.failure
}

function showRow({ id, title, section, outcome, reason, error }: ServerCaseResult, terminal: Terminal): void {
  const { print, style } = terminal
  if (outcome === 'passed') return print(`${style('green', 'passed')}   ${id}  ${style('dim', title)}`)
  if (outcome === 'skipped')
    return print(`${style('yellow', 'skipped')}  ${id}  ${style('dim', reason ?? '')}`)
  print(`${style('red', 'FAILED')}   ${id}  ${title} (section ${section})`)
  for (const line of messageOf(error).split('\n')) print(`           ${line}`)
}

function printRow({ error, ...result }: ServerCaseResult, { print }: Terminal): void {
  print(JSON.stringify(error === undefined ? result : { ...result, error: messageOf(error) }))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
