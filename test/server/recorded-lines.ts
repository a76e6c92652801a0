import type { Logger } from '../../src/hub/logger.ts'

/** One line, as the application's logger gets it. */
export interface Line {
  readonly level: keyof Logger
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

/** A logger that keeps its lines. */
export function recordedLines() {
  const lines: Line[] = []
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message })
  }
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return {
    logger,
    lines,
    /** The fields of every line of a kind. */
    of: (event: string) => lines.map(({ fields }) => fields).filter((fields) => fields.event === event),
    kinds: () => lines.map(({ fields }) => fields.event),
  }
}
