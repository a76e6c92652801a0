/**
 * Takes structured lines: fields, then a message in words. A pino logger is one as it is; so is `console`, for a look.
 * Every line of ours has a field `event` that names its kind.
 */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Writes nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
