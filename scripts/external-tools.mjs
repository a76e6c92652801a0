// What the tests need beyond npm, and where it is on this machine. Shared by `npm run setup` and test/support/needs.ts.
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** By name: `commands` are tried in turn, `apt` is Debian's package, `for` says what is tested with it;
 * `service` is what the package starts, and nobody here needs. */
export const externalTools = {
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    apt: 'chromium',
    for: 'pages in Chromium',
  },
  firefox: { commands: ['firefox-esr', 'firefox'], apt: 'firefox-esr', for: 'pages in Firefox' },
  python3: { commands: ['python3'], apt: 'python3', for: 'a client with a standard library alone' },
  redis: { commands: ['redis-server'], apt: 'redis-server', for: 'the log on Redis' },
  nats: { commands: ['nats-server'], apt: 'nats-server', for: 'the log on NATS JetStream' },
  nginx: {
    commands: ['nginx'],
    apt: 'nginx',
    service: 'nginx',
    for: 'what a cache and a buffering proxy make of answers',
  },
  haproxy: { commands: ['haproxy'], apt: 'haproxy', for: 'several servers behind one address' },
  strace: { commands: ['strace'], apt: 'strace', for: 'disks that fail' },
  faketime: { commands: ['faketime'], apt: 'faketime', for: 'a wall clock that jumps' },
  promtool: {
    commands: ['promtool'],
    apt: 'prometheus',
    service: 'prometheus',
    for: 'metrics and alerts as Prometheus reads them',
  },
  cc: {
    commands: ['cc', 'gcc', 'clang'],
    apt: 'build-essential',
    for: 'the program in C that loads servers',
  },
  curl: { commands: ['curl'], apt: 'curl', for: 'the wire as a person sees it' },
}

/** The path of a tool, or `undefined`. `FAIRLEAD_CHROMIUM=/path` (and so on) goes before the search of PATH. */
export function findTool(name, env = process.env) {
  const given = env[`FAIRLEAD_${name.toUpperCase()}`]
  if (given) return given
  // Debian keeps servers in folders that are not in everybody's PATH.
  const folders = [...(env.PATH ?? '').split(delimiter).filter(Boolean), '/usr/sbin', '/usr/local/sbin']
  for (const command of externalTools[name].commands) {
    const path = folders.map((folder) => join(folder, command)).find(isProgram)
    if (path) return path
  }
  return undefined
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
