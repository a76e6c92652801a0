import { once } from 'node:events'
import { type ConfigOption, configOptions, loadConfigFile, resolveConfig } from '../../config/index.ts'
import type { Command, Flag } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { assertServable } from '../serve/assert-servable.ts'
import { banner } from '../serve/banner.ts'
import { printConfig } from '../serve/print-config.ts'
import { stopSignal } from '../terminal.ts'

/** `fairlead serve`. */
export const serve: Command = {
  name: 'serve',
  usage: '[CONFIG] [flags]',
  description: [
    'Runs a server. Without configuration it is in development mode: anyone on this machine may read and send every channel, and it listens on localhost only.',
    'CONFIG is the path of a .js or .json file; without it fairlead.config.js or fairlead.config.json of this folder is taken, if there is one. A configuration that declares channels runs without development mode, unless it says dev: true.',
    'A flag goes before its environment variable, the variable before the file, the file before the default. Ctrl-C or SIGTERM tells readers to come back, and stops.',
  ],
  arity: [0, 1],
  flags: {
    ...Object.fromEntries(configOptions.flatMap(optionFlag)),
    'print-config': { type: 'boolean', description: 'Show each value and where it came from, and stop' },
    json: { type: 'boolean', description: 'Print JSON: the configuration, or the URL once it listens' },
  },
  section: {
    title: 'In the configuration',
    rows: configOptions.filter((option) => !option.flag).map(optionNote),
  },
  examples: [
    ['fairlead serve', 'development mode on http://localhost:8080'],
    ['fairlead serve --port 3001 --base /events', 'another port and path'],
    ['fairlead serve config/production.js --host 0.0.0.0', 'a configuration with channels, on every address'],
    ['fairlead serve --print-config', 'what would hold, and why'],
  ],
  async run({ positionals, flags }, terminal) {
    const file = await loadConfigFile(terminal.cwd, positionals[0])
    const { config, entries, warnings } = resolveConfig({ flags, env: terminal.env, file })
    for (const warning of warnings) terminal.note(terminal.noteStyle('yellow', warning))
    if (flags['print-config']) {
      printConfig(entries, flags.json === true, terminal)
      return exitCodes.ok
    }
    assertServable(config, terminal.env)
    const stop = stopSignal()
    const { startServer } = await import('../serve/start-server.ts')
    const server = await startServer(config)
    terminal.print(
      flags.json
        ? JSON.stringify({ url: server.url, dev: config.dev })
        : banner(config, server.url, terminal),
    )
    if (!stop.aborted) await once(stop, 'abort')
    terminal.note(terminal.noteStyle('dim', 'Stopping: readers are told to come back.'))
    await server.close()
    return exitCodes.ok
  },
}

function optionFlag({ flag, description, default: value, env }: ConfigOption): [string, Flag][] {
  if (!flag) return []
  const { name, placeholder } = flag
  return [[name, { type: 'string', placeholder, description: `${description}. ${sourceNote(value, env)}` }]]
}

function optionNote({ key, description, default: value, env }: ConfigOption): [string, string] {
  return [key, `${description}. ${sourceNote(value, env)}`]
}

function sourceNote(value: unknown, env: string | undefined): string {
  const parts = [
    ...(value === undefined
      ? []
      : [`Default: ${Array.isArray(value) && value.length === 0 ? 'none' : value}`]),
    ...(env === undefined ? [] : [`Environment: ${env}`]),
  ]
  return parts.length === 0 ? 'Only in the file' : parts.join('. ')
}
