/** One point that every implementation of a seam must hold, as data: any test runner can run it. */
export interface Case<Context> {
  /** Unique and stable, such as `keys/repeat`. */
  readonly id: string
  /** What must be true, as a sentence. */
  readonly title: string
  /** Resolves when it is true, rejects when it is not. */
  run(context: Context): Promise<void>
}

/** A case that an implementation does not hold, and why. */
export interface Skip {
  readonly case: string
  readonly reason: string
}

/** What is needed of a test runner: those of vitest, node:test, jest and mocha fit. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: ((name: string, body: () => Promise<void>) => unknown) & {
    readonly skip: (name: string, body: () => Promise<void>) => unknown
  }
}

/** Makes the cases of one group out of `[name, title, run]` rows. */
export function casesOf<Context>(
  group: string,
  rows: readonly (readonly [name: string, title: string, run: Case<Context>['run']])[],
): Case<Context>[] {
  return rows.map(([name, title, run]) => ({ id: `${group}/${name}`, title, run }))
}

/**
 * Hands the cases to a test runner, one test each, in a group of their own by the first part of their ids. A declared
 * skip shows up as a skipped test with its reason; one of a case that does not exist throws.
 */
export function registerCases<Context>(
  { describe, it }: TestRunner,
  cases: readonly Case<Context>[],
  skip: readonly Skip[],
  withContext: (run: Case<Context>['run']) => Promise<void>,
): void {
  const reasons = new Map(skip.map((skipped) => [skipped.case, skipped.reason]))
  const unknown = skip.find((skipped) => !cases.some(({ id }) => id === skipped.case))
  if (unknown) throw new Error(`There is no case ${unknown.case} to skip.`)
  for (const [group, members] of byGroup(cases)) {
    describe(group, () => {
      for (const { id, title, run } of members) {
        const reason = reasons.get(id)
        const body = () => withContext(run)
        if (reason === undefined) it(`${id}: ${title}`, body)
        else it.skip(`${id}: ${title} (skipped: ${reason})`, body)
      }
    })
  }
}

function byGroup<Context>(cases: readonly Case<Context>[]): Map<string, Case<Context>[]> {
  const groups = new Map<string, Case<Context>[]>()
  for (const one of cases) {
    const group = one.id.slice(0, one.id.indexOf('/'))
    groups.set(group, [...(groups.get(group) ?? []), one])
  }
  return groups
}

/**
 * Waits until `check` answers true, looking again after each 20 ms that `pass` lets go by; after 10 seconds of them it
 * throws, saying what was waited for.
 */
export async function eventually(
  pass: (ms: number) => Promise<void>,
  what: string,
  check: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let waited = 0; waited <= 10_000; waited += 20) {
    if (await check()) return
    await pass(20)
  }
  throw new Error(`Waited 10 seconds in vain until ${what}.`)
}
