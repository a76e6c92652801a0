import cluster from 'node:cluster'
import { once } from 'node:events'
import {
  type ConfigOption,
  configOptions,
  loadConfigFile,
  type ResolvedConfig,
  resolveConfig,
  type ServeConfig,
} from '../../config/index.ts'
import type { Arguments, Command, Flag } from '../command.ts'
import { exitCodes } from '../exit-codes.ts'
import { assertServable } from '../serve/assert-servable.ts'
import { banner } from '../serve/banner.ts'
import { printConfig } from '../serve/print-config.ts'
import type { RunningServer } from '../serve/start-server.ts'
import { workerCount } from '../serve/worker-count.ts'
import { workerVariable } from '../serve/worker-messages.ts'
import { stopSignal, type Terminal } from '../terminal.ts'

/** `fairlead serve`. */
export const serve: Command = {
  name: 'serve',
  usage: '[CONFIG] [flags]',
  description: [
    'Runs a server. Without configuration it is in development mode: anyone on this machine may read and send every channel, and it listens on localhost only.',
    'CONFIG is the path of a .js or .json file; without it fairlead.config.js or fairlead.config.json of this folder is taken, if there is one. A configuration that declares channels runs without development mode, unless it says dev: true.',
    'The log is memory until you say otherwise. lmdb:PATH keeps it in a folder of this machine (npm install lmdb); redis://HOST:PORT/DB?prefix=NAME in Redis (npm install ioredis); nats://HOST:PORT,…?stream=NAME&replicas=N in NATS JetStream (npm install @nats-io/transport-node). A password in it is best given in FAIRLEAD_LOG, which no list of processes shows.',
    'With --workers N as many processes share the port. This process then owns a log in memory or LMDB, and starts a worker again that ends; Redis and NATS are opened by each worker.',
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
    ['fairlead serve --log lmdb:./data --workers auto', 'events outlive the process; a process per core'],
    ['fairlead serve --log redis://localhost:6379/0', 'several machines share one log'],
    ['fairlead serve --print-config', 'what would hold, and why'],
  ],
  async run(args, terminal) {
    const configure = () => resolve(args, terminal)
    if (cluster.isWorker && terminal.env[workerVariable]) {
      const { runWorker } = await import('../serve/worker.ts')
      return runWorker(async () => (await configure()).config)
    }
    const { config, entries, warnings } = await configure()
    for (const warning of warnings) terminal.note(terminal.noteStyle('yellow', warning))
    const json = args.flags.json === true
    if (args.flags['print-config']) {
      printConfig(entries, json, terminal)
      return exitCodes.ok
    }
    assertServable(config, terminal.env)
    const stop = stopSignal()
    const server = await start(config, terminal)
    terminal.print(
      json ? JSON.stringify({ url: server.url, dev: config.dev }) : banner(config, server.url, terminal),
    )
    if (!stop.aborted) await once(stop, 'abort')
    terminal.note(terminal.noteStyle('dim', 'Stopping: readers are told to come back.'))
    await server.close()
    return exitCodes.ok
  },
}

async function resolve({ positionals, flags }: Arguments, terminal: Terminal): Promise<ResolvedConfig> {
  const file = await loadConfigFile(terminal.cwd, positionals[0])
  return resolveConfig({ flags, env: terminal.env, file })
}

async function start(config: ServeConfig, terminal: Terminal): Promise<RunningServer> {
  const count = workerCount(config)
  if (count === 1) return (await import('../serve/start-server.ts')).startServer(config)
  return (await import('../serve/start-workers.ts')).startWorkers(config, count, terminal)
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
