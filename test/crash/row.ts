/** One fault of the table that `npm run test:crash` prints. */
export interface CrashRow {
  /** For `--only`, such as `lmdb-kill`. */
  readonly id: string
  /** What is done, as the table says it. */
  readonly fault: string
  /** What must hold. */
  readonly promise: string
  /** How often the fault is made: in `npm test`, and in `npm run test:crash`. */
  readonly cycles: { readonly short: number; readonly full: number }
  /** Why it cannot be run here, such as a program that is missing; `undefined`: it can. */
  readonly missing?: () => string | undefined
  run(options: CrashOptions): Promise<CrashResult>
}

export interface CrashOptions {
  /** Makes the run the same again. */
  readonly seed: number
  readonly cycles: number
  /** A line for a person who waits. */
  readonly onProgress: (line: string) => void
}

export interface CrashResult {
  /** What was counted, in the order in which it is shown: `{ cycles: 500, acknowledged: 41234, lost: 0, reused: 0 }`. */
  readonly counts: Readonly<Record<string, number>>
  /** What did not hold, as sentences; none: the row holds. */
  readonly faults: readonly string[]
}
