import type { Logger } from '../hub/logger.ts'

/** Where lines go: one call a line, without its line break. */
export type WriteLine = (line: string) => void

/** A logger for people: the time, the level, the message, then the fields as `name=value`. */
export function textLogger(write: WriteLine = toStderr, now: () => Date = () => new Date()): Logger {
  return loggerOf((level, fields, message) => {
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${shown(value)}`)
    write(`${now().toISOString()} ${level.padEnd(5)} ${message}${rest.join('')}`)
  })
}

/** A logger for programs: one JSON object a line, with `time`, `level`, `message` and the fields. */
export function jsonLogger(write: WriteLine = toStderr, now: () => Date = () => new Date()): Logger {
  return loggerOf((level, fields, message) =>
    write(JSON.stringify({ time: now().toISOString(), level, ...fields, message })),
  )
}

function loggerOf(line: (level: keyof Logger, fields: object, message: string) => void): Logger {
  const at = (level: keyof Logger) => (fields: object, message: string) => line(level, fields, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** A value with a space or a quote in it is quoted, so that none can pass for two. */
function shown(value: unknown): string {
  const text = String(value)
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text)
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`)
}
