import { redact } from '../access/redact.ts'
import type { Clock } from '../hub/clock.ts'
import type { ReportError } from '../hub/hub.ts'
import type { Logger } from '../hub/logger.ts'
import { isFairleadError } from '../protocol/index.ts'

/** Lines of one kind in `windowMs`; those beyond are counted, and told as one. */
const linesPerWindow = 50
const windowMs = 10_000
/** The longest value of a field, in UTF-16 units; what is looked through for secrets is bounded, too. */
const valueUnits = 2_000
const searchedUnits = 16_000

/** What a line break or a terminal's command could be written with: every control and direction character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to be found.
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** Hides what looks like a credential, and `secrets` wherever they stand. */
export function hiding(secrets: readonly string[]): (text: string) => string {
  return (text) =>
    redact(
      secrets.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text.slice(0, searchedUnits)),
    )
}

function escapeControls(text: string): string {
  return text.replace(control, (one) => {
    if (one === '\n') return '\\n'
    return one === '\r' ? '\\r' : `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A failure in words, without what looks like a credential: a refusal of ours says what it is; of anything else the place is worth knowing. */
export function describeFailure(error: unknown): string {
  return redact(textOf(error))
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return isFairleadError(error) ? error.message : (error.stack ?? error.message)
}

type Level = keyof Logger

/**
 * Stands before the application's logger: takes secrets and control characters out of every field, and lets through no
 * more than 50 lines of a kind in 10 seconds, so that who is refused a million times fills no disk.
 */
export class CarefulLogger implements Logger {
  readonly #target: Logger
  readonly #hide: (text: string) => string
  readonly #clock: Clock
  readonly #kinds = new Map<string, { lines: number; suppressed: number }>()

  constructor(target: Logger, hide: (text: string) => string, clock: Clock) {
    this.#target = target
    this.#hide = hide
    this.#clock = clock
  }

  debug(fields: object, message: string): void {
    this.#take('debug', fields, message)
  }

  info(fields: object, message: string): void {
    this.#take('info', fields, message)
  }

  warn(fields: object, message: string): void {
    this.#take('warn', fields, message)
  }

  error(fields: object, message: string): void {
    this.#take('error', fields, message)
  }

  #take(level: Level, fields: object, message: string): void {
    if (!this.#admits(String((fields as { event?: unknown }).event))) return
    const fit = Object.entries(fields).flatMap(([name, value]) => {
      if (value === undefined || value === null) return []
      const scalar = typeof value === 'number' || typeof value === 'boolean'
      return [[name, scalar ? value : this.#fit(String(value))] as const]
    })
    this.#write(level, Object.fromEntries(fit), this.#fit(message))
  }

  #fit(text: string): string {
    return escapeControls(this.#hide(text)).slice(0, valueUnits)
  }

  /** A logger that fails must not take streams with it. */
  #write(level: Level, fields: object, message: string): void {
    try {
      this.#target[level](fields, message)
    } catch {
      // There is nowhere to say so.
    }
  }

  #admits(kind: string): boolean {
    const known = this.#kinds.get(kind)
    if (!known) {
      this.#kinds.set(kind, { lines: 1, suppressed: 0 })
      this.#clock.after(windowMs, () => this.#over(kind))
      return true
    }
    if (known.lines++ < linesPerWindow) return true
    known.suppressed++
    return false
  }

  #over(kind: string): void {
    const suppressed = this.#kinds.get(kind)?.suppressed ?? 0
    this.#kinds.delete(kind)
    if (suppressed > 0) this.#write('warn', { event: 'suppressed', of: kind, suppressed }, 'lines left out')
  }
}

/** What failures are told to, and how. */
export interface FailureSinks {
  /** The application's own; it gets the error as it was thrown. */
  readonly onError: ReportError | undefined
  /** Gets its text, made fit. */
  readonly logger: Logger | undefined
  readonly hide: (text: string) => string
}

/** Tells whoever asked to be told; with nobody, writes to the standard error. */
export function failureReporter({ onError, logger, hide }: FailureSinks): ReportError {
  return (error, stage) => {
    logger?.error({ event: 'failed', stage, error: textOf(error) }, 'something failed')
    if (onError) onError(error, stage)
    else if (!logger) process.stderr.write(`fairlead: ${stage}: ${hide(textOf(error))}\n`)
  }
}
