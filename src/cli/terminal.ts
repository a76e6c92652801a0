import { styleText } from 'node:util'

/** The formats of `util.styleText` that are used. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Where a command prints, and what it knows of the process. */
export interface Terminal {
  /** Writes a line of the command's result to standard output. */
  print(line: string): void
  /** Writes a line about what happens to standard error. */
  note(line: string): void
  /** Colours text for `print`, if standard output is a terminal and NO_COLOR is not set. */
  style(style: Style, text: string): string
  /** The same for `note`. */
  noteStyle(style: Style, text: string): string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** The terminal of this process. */
export function createTerminal(): Terminal {
  // A reader that has seen enough (`fairlead tail … | head -1`) closes the pipe: that is no failure of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    noteStyle: (style, text) => styleText(style, text, { stream: process.stderr }),
    env: process.env,
    cwd: process.cwd(),
  }
}

/** Aborts at the first Ctrl-C or SIGTERM; the second one ends the process at once, as it would without us. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const names = ['SIGINT', 'SIGTERM'] as const
  const stop = (): void => {
    for (const name of names) process.off(name, stop)
    controller.abort()
  }
  for (const name of names) process.on(name, stop)
  return controller.signal
}
