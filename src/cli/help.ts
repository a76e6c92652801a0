import type { Command, Flag } from './command.ts'
import { commands } from './commands.ts'
import type { Terminal } from './terminal.ts'

type Paint = Pick<Terminal, 'style'>

/** The text of `fairlead help`. */
export function generalHelp({ style }: Paint): string {
  const rows = Object.entries(commands).map(([name, { summary }]): Row => [name, summary])
  return [
    'One event log, served over SSE, WebSocket and long-poll.',
    '',
    `${style('bold', 'Usage')}  fairlead COMMAND …`,
    '',
    ...table([
      ...rows,
      ['help [COMMAND]', 'Show this, or how a command is used'],
      ['--version', 'Show the version'],
    ]),
    '',
    style('bold', 'A first minute'),
    '  fairlead serve',
    '  fairlead tail http://localhost:8080/live demo',
    `  fairlead publish http://localhost:8080/live demo greeting '{"hello":"world"}'`,
    '',
    style('bold', 'Exit codes'),
    ...table([
      ['0', 'Done, or stopped by Ctrl-C'],
      ['1', 'Tried, and it did not work'],
      ['2', 'Wrong arguments or configuration; nothing was tried'],
    ]),
    '',
    'Colours follow NO_COLOR and are left out where the output is no terminal.',
  ].join('\n')
}

/** The text of `fairlead help COMMAND`. */
export function commandHelp(command: Command, { style }: Paint): string {
  const flags = Object.entries({
    ...command.flags,
    help: { type: 'boolean', description: 'Show this' } as const,
  })
  return [
    `${style('bold', 'Usage')}  fairlead ${command.name} ${command.usage}`,
    '',
    ...command.description.flatMap((paragraph) => [...wrap(paragraph), '']),
    style('bold', 'Flags'),
    ...table(flags.map(flagRow)),
    '',
    ...(command.section ? [style('bold', command.section.title), ...table(command.section.rows), ''] : []),
    style('bold', 'Examples'),
    ...command.examples.flatMap(([line, purpose]) => [`  ${style('dim', `# ${purpose}`)}`, `  ${line}`]),
  ].join('\n')
}

function flagRow([name, { placeholder, description }]: readonly [string, Flag]): Row {
  return [`--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`, description]
}

type Row = readonly [term: string, meaning: string]

function table(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([term]) => term.length)) + 3
  return rows.flatMap(([term, meaning]) => {
    const [first = '', ...rest] = wrap(meaning, 98 - width)
    return [`  ${term.padEnd(width)}${first}`, ...rest.map((line) => `  ${' '.repeat(width)}${line}`)]
  })
}

/** Breaks a paragraph into lines of at most `width` characters. */
function wrap(text: string, width = 100): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
