import {
  advisePage,
  answerScenarios,
  type Constants,
  type DecideOptions,
  type NamedFlow,
  readFlowFile,
  rules,
} from '../../advisor/index.ts'
import { readFlowsFrom } from '../advise/from-server.ts'
import { checked, readData } from '../advise/read-file.ts'
import { showPage } from '../advise/show-page.ts'
import { type Arguments, type Command, numberFlag, textFlag } from '../command.ts'
import { hiding, readCredential, refusedToken, tokenFileFlag } from '../credential.ts'
import { UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { parseUrl } from '../target.ts'
import type { Terminal } from '../terminal.ts'

/** `fairlead advise`. */
export const advise: Command = {
  name: 'advise',
  usage: '[FILE] [flags]',
  description: [
    'Says for each flow of an application which transport suits it, why, how sure that is and what would change it; and which one connection would carry all of them. FILE (YAML or JSON) lists the flows: channel, direction, rate, bytes, and what more is known of them.',
    'The answer may be none of ours: web push, WebRTC, a webhook, a plain upload, a GET now and then.',
  ],
  arity: [0, 1],
  flags: {
    from: {
      type: 'string',
      placeholder: 'URL',
      description: 'Take the flows that the running server with this base URL measures',
    },
    seconds: {
      type: 'string',
      placeholder: 'N',
      description: 'With --from: measure for N seconds (default 10)',
    },
    measure: {
      type: 'boolean',
      description:
        'Measure what a POST, a frame, an event and a connection cost on this machine, and use that',
    },
    without: { type: 'string', placeholder: 'RULES', description: 'Leave rules out, by id: R23,R9' },
    scenarios: {
      type: 'string',
      placeholder: 'FILE',
      description: 'Answer a file of labelled scenarios (JSON)',
    },
    json: { type: 'boolean', description: 'Print everything as one JSON object' },
    'token-file': tokenFileFlag,
  },
  refused: refusedToken,
  examples: [
    ['fairlead advise flows.yaml', 'a table, the reasons, lines to paste'],
    ['fairlead advise flows.yaml --measure', 'with the costs of this machine'],
    ['fairlead advise --from http://localhost:8080/live', 'from what flows now'],
    ['fairlead advise --scenarios scenarios.json --json', 'answers and their score'],
  ],
  async run(args, terminal) {
    const source = sourceOf(args)
    const options = { without: ruleIds(args), constants: await constantsOf(args, terminal) }
    if (source.scenarios !== undefined) return answer(source.scenarios, options, args, terminal)
    if (source.file === undefined && source.from === undefined) {
      if (args.flags.json) terminal.print(JSON.stringify(options.constants, undefined, 2))
      return exitCodes.ok
    }
    const flows = await flowsOf(source, args, terminal)
    const page = advisePage(flows, options)
    if (args.flags.json) {
      terminal.print(JSON.stringify({ ...page, constants: options.constants }, undefined, 2))
    } else {
      showPage(page, flows, terminal)
    }
    return exitCodes.ok
  },
}

interface Source {
  readonly file?: string
  readonly from?: string | undefined
  readonly scenarios?: string | undefined
}

function sourceOf(args: Arguments): Source {
  const [file] = args.positionals
  const [from, scenarios] = [textFlag(args, 'from'), textFlag(args, 'scenarios')]
  const given = [file, from, scenarios].filter((one) => one !== undefined)
  if (given.length > 1) throw new UsageError('Give one of FILE, --from and --scenarios.')
  if (given.length === 0 && !args.flags.measure)
    throw new UsageError('Say what flows: fairlead advise flows.yaml, or --from URL, or --scenarios FILE.')
  if (given.length === 0) return {}
  return { ...(file !== undefined && { file }), from, scenarios }
}

function ruleIds(args: Arguments): string[] {
  const ids = (textFlag(args, 'without') ?? '').split(',').flatMap((id) => id.trim() || [])
  for (const id of ids) {
    if (!rules.some((rule) => rule.id === id))
      throw new UsageError(`There is no rule ${id}. There are: ${rules.map((rule) => rule.id).join(', ')}.`)
  }
  return ids
}

async function constantsOf(args: Arguments, terminal: Terminal): Promise<Constants | undefined> {
  if (!args.flags.measure) return undefined
  const { measureConstants } = await import('../advise/measure.ts')
  const constants = await measureConstants((line) => terminal.note(line))
  if (!args.flags.json) {
    const { constantLines } = await import('../advise/show-constants.ts')
    for (const line of constantLines(constants)) terminal.print(line)
  }
  return constants
}

async function flowsOf(
  { file, from }: Source,
  args: Arguments,
  terminal: Terminal,
): Promise<readonly NamedFlow[]> {
  if (from !== undefined) {
    const url = parseUrl(from)
    const credential = await readCredential(args, url, terminal)
    const seconds = numberFlag(args, 'seconds', 1) ?? 10
    return hiding(credential, () => readFlowsFrom(url, credential.headers, seconds, terminal))
  }
  const path = file ?? ''
  const data = await readData(path, terminal)
  const { flows, warnings } = checked(path, () => readFlowFile(data))
  for (const warning of warnings) terminal.note(terminal.noteStyle('yellow', warning))
  return flows
}

async function answer(
  file: string,
  options: DecideOptions,
  args: Arguments,
  { print, note, ...terminal }: Terminal,
): Promise<number> {
  const data = await readData(file, terminal)
  const report = checked(file, () => answerScenarios(data, options))
  if (args.flags.json) {
    print(JSON.stringify(report, undefined, 2))
    return exitCodes.ok
  }
  for (const { id, primary, confidence, margin, rules: held } of report.answers)
    print(
      `${id.padEnd(8)}${primary.padEnd(14)}${confidence.padEnd(8)}${margin.toFixed(2)}  ${held.join(' ')}`,
    )
  for (const warning of report.warnings) note(terminal.noteStyle('yellow', warning))
  const { total, primary, accepted, rejected } = report.score
  print(`${accepted} of ${total} accepted (${primary} as labelled), ${rejected} rejected`)
  return exitCodes.ok
}
