import { readFile } from 'node:fs/promises'
import { ConfigError, didYouMean } from '../config/index.ts'
import { type Command, parseArguments } from './command.ts'
import { commands } from './commands.ts'
import { CommandError, UsageError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { commandHelp, generalHelp } from './help.ts'
import { createTerminal, type Terminal } from './terminal.ts'

/**
 * Runs the command line `fairlead ARGV…` and resolves with its exit code (0 done, 1 failed, 2 wrong arguments or
 * configuration). Errors are told on standard error. `terminal` is this process's own, but for tests.
 */
export async function main(argv: string[], terminal: Terminal = createTerminal()): Promise<number> {
  try {
    return await runCommand(argv, terminal)
  } catch (error) {
    return report(error, terminal)
  }
}

async function runCommand([name, ...rest]: string[], terminal: Terminal): Promise<number> {
  switch (name) {
    case undefined:
      terminal.note(generalHelp({ style: terminal.noteStyle }))
      return exitCodes.usage
    case 'help':
    case '--help':
    case '-h':
      terminal.print(
        rest[0] === undefined ? generalHelp(terminal) : commandHelp(await load(rest[0]), terminal),
      )
      return exitCodes.ok
    case '--version':
    case '-v':
      terminal.print(await readVersion())
      return exitCodes.ok
  }
  const command = await load(name)
  const args = parseArguments(command, rest)
  if (!args.flags.help) return command.run(args, terminal)
  terminal.print(commandHelp(command, terminal))
  return exitCodes.ok
}

async function load(name: string): Promise<Command> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry) return entry.load()
  const known = [...Object.keys(commands), 'help']
  throw new UsageError(
    `There is no command "${name}".${didYouMean(name, known)} There are: ${known.join(', ')}.`,
  )
}

async function readVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function report(error: unknown, { note, noteStyle }: Terminal): number {
  const usage = error instanceof UsageError || error instanceof ConfigError
  if (usage || error instanceof CommandError) {
    note(`${noteStyle('red', 'fairlead:')} ${error.message}`)
    if (error instanceof UsageError) note(noteStyle('dim', 'fairlead help shows how each command is used.'))
    return usage ? exitCodes.usage : exitCodes.failure
  }
  // Anything else is a mistake of ours, whose place is worth knowing.
  note(`${noteStyle('red', 'fairlead:')} ${error instanceof Error ? error.stack : error}`)
  return exitCodes.failure
}
