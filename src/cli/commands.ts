import type { Command } from './command.ts'

/** A command as the list of commands shows it, before it is loaded. */
export interface CommandEntry {
  readonly summary: string
  load(): Promise<Command>
}

/** Every command, in the order of help. Each is loaded only when it is called, so that none pays for another. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  serve: {
    summary: 'Run a server; without configuration in development mode',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  tail: {
    summary: 'Show events as they come, over any transport',
    load: async () => (await import('./commands/tail.ts')).tail,
  },
  publish: {
    summary: 'Send one event to a channel',
    load: async () => (await import('./commands/publish.ts')).publish,
  },
  token: {
    summary: 'Make a development token, or a key to sign tokens with',
    load: async () => (await import('./commands/token.ts')).token,
  },
  advise: {
    summary: 'Choose a transport for each flow of an application, and say why',
    load: async () => (await import('./commands/advise.ts')).advise,
  },
  bench: {
    summary: 'Load a running server, and say how late events came and what it cost',
    load: async () => (await import('./commands/bench.ts')).bench,
  },
  conformance: {
    summary: 'Try the wire contract on a running server',
    load: async () => (await import('./commands/conformance.ts')).conformance,
  },
}
