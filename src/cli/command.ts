import { type ParseArgsConfig, parseArgs } from 'node:util'
import { redact } from '../access/redact.ts'
import { didYouMean } from '../config/index.ts'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** One flag: what `parseArgs` needs, and what help says about it. */
export interface Flag {
  readonly type: 'string' | 'boolean'
  /** Stands for the value in help: `--port N`. */
  readonly placeholder?: string
  readonly description: string
  /** It may be given several times, and its value is a list. @default false: the last one counts */
  readonly multiple?: boolean
}

/** What a command was called with. */
export interface Arguments {
  readonly positionals: readonly string[]
  /** By flag name; a flag that was not given is absent. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
}

/** One command. */
export interface Command {
  readonly name: string
  /** After `fairlead NAME`, in help and in errors. */
  readonly usage: string
  /** A few sentences, one paragraph each. */
  readonly description: readonly string[]
  readonly flags: Readonly<Record<string, Flag>>
  /** Flags that people look for and that are refused, each with what to do instead. */
  readonly refused?: Readonly<Record<string, string>>
  /** More that help shows, below the flags. */
  readonly section?: {
    readonly title: string
    readonly rows: readonly (readonly [term: string, meaning: string])[]
  }
  /** Whole command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, purpose: string])[]
  /** Fewest and most arguments that are no flags. */
  readonly arity: readonly [min: number, max: number]
  /** Resolves with the exit code. Throws `UsageError`, `ConfigError` and `CommandError` for the person to read. */
  run(args: Arguments, terminal: Terminal): Promise<number>
}

/** Splits a command's arguments. Throws `UsageError`. */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const { positionals, tokens } = splitArguments(command, argv)
  const flags: Record<string, string | boolean | readonly string[]> = {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name } = token
    const value = readFlag(command, token)
    const isList = Object.hasOwn(command.flags, name) && command.flags[name]?.multiple === true
    flags[name] = isList ? [...listFlag({ flags }, name), String(value)] : value
  }
  const [min, max] = command.arity
  if (!flags.help && (positionals.length < min || positionals.length > max)) {
    const problem =
      positionals.length < min
        ? 'Something is missing'
        : `"${redact(positionals[max]!)}" is one argument too many`
    throw new UsageError(`${problem}: fairlead ${command.name} ${command.usage}`)
  }
  return { positionals, flags }
}

/** Not strict: the strict mode's own messages name neither the command nor a likely flag. */
function splitArguments({ flags, refused = {} }: Command, argv: readonly string[]) {
  const options: ParseArgsConfig['options'] = { help: { type: 'boolean', short: 'h' } }
  for (const [name, { type }] of Object.entries(flags)) options[name] = { type }
  for (const name of Object.keys(refused)) options[name] = { type: 'string' }
  return parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true })
}

interface FlagToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function readFlag({ name: command, flags, refused = {} }: Command, token: FlagToken): string | boolean {
  const { name, rawName, value } = token
  if (name === 'help') return true
  if (Object.hasOwn(refused, name)) throw new UsageError(`${rawName} is refused: ${refused[name]}`)
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined
  if (flag === undefined) {
    const meant = didYouMean(rawName, ['--help', ...Object.keys(flags).map((known) => `--${known}`)])
    const cure = rawName.startsWith('--') ? meant : ' An argument that starts with - comes after --.'
    throw new UsageError(`fairlead ${command} has no ${rawName}.${cure}`)
  }
  if (flag.type === 'boolean') {
    if (value === undefined) return true
    throw new UsageError(`${rawName} takes no value.`)
  }
  const forgotten = !token.inlineValue && value?.startsWith('--') // `--host --json`
  if (value !== undefined && value !== '' && !forgotten) return value
  throw new UsageError(`${rawName} needs a value: ${rawName} ${flag.placeholder ?? 'VALUE'}`)
}

/** A flag's whole number of at least `min`. Throws `UsageError`. */
export function numberFlag({ flags }: Arguments, name: string, min: number): number | undefined {
  const text = flags[name]
  if (text === undefined) return undefined
  const value = typeof text === 'string' && /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min) return value
  throw new UsageError(`--${name} is a whole number from ${min}, and is ${text}.`)
}

/** A flag's text. */
export function textFlag({ flags }: Arguments, name: string): string | undefined {
  const text = flags[name]
  return typeof text === 'string' ? text : undefined
}

/** The values of a flag that may be given several times, in their order. */
export function listFlag({ flags }: Pick<Arguments, 'flags'>, name: string): readonly string[] {
  const list = flags[name]
  return Array.isArray(list) ? list : []
}
