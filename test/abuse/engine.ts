import { type Bystanders, openBystanders } from './bystanders.ts'
import { inTurns, type Way } from './bytes.ts'
import type { AbuseCase, Result, Stage } from './case.ts'
import type { Measured } from './victim.ts'
import { startVictim, type Victim } from './victim-process.ts'

/** How a table of cases is run. */
export interface RunOptions {
  /** How often each is tried in parallel. */
  readonly times: number
  /** Those that wait for the server's own deadlines too, and a look at the bystanders after each. @default false */
  readonly long?: boolean | undefined
  /** Chooses by name. @default all */
  readonly only?: string | undefined
  readonly onResult?: ((result: Result) => void) | undefined
}

/** What a run has shown. */
export interface Run {
  readonly results: readonly Result[]
  /** What did not hold of the server as a whole, as sentences. */
  readonly faults: readonly string[]
  readonly before: Measured
  readonly after: Measured
  /** Events that each bystander saw meanwhile. */
  readonly seen: number
}

/**
 * Connections at a time where a case is tried in parallel, and cases at a time otherwise. A thousand tries go in batches:
 * as one answers the next is sent, so that this many are in flight until the last ones; those that wait are all open at once.
 */
const atOnce = { connections: 250, cases: 24 }
/** Between two of those that wait side by side. */
const rampMs = 8
/** What a process may hold more than before: caches, compiled code, the log's own memory of keys. */
const slack = { heapBytes: 24 * 1024 * 1024, rssBytes: 128 * 1024 * 1024, sockets: 8 }

/** Runs cases against servers in a process of their own, beside readers that must not notice. */
export async function runCases(cases: readonly AbuseCase[], options: RunOptions): Promise<Run> {
  const victim = await startVictim()
  const bystanders = await openBystanders(victim.ports.dev)
  try {
    return await run(victim, bystanders, cases, options)
  } finally {
    bystanders.close()
    victim.close()
  }
}

async function run(
  victim: Victim,
  bystanders: Bystanders,
  cases: readonly AbuseCase[],
  options: RunOptions,
): Promise<Run> {
  const stage = { ports: victim.ports, victim, epoch: await epochOf(victim.ports.dev), times: options.times }
  const chosen = cases.filter(({ name, long }) => (!long || options.long) && (options.only ?? name) === name)
  const results: Result[] = []
  const faults: string[] = []
  const take = (result: Result): void => {
    results.push(result)
    options.onResult?.(result)
  }
  const trySingly = async ([one, way]: [AbuseCase, Way]) => take(await tryWay(stage, one, way))
  const singles = chosen.filter(isShort).flatMap(singly)
  await inTurns(
    singles.filter(([{ alone }]) => !alone),
    atOnce.cases,
    trySingly,
  )
  await inTurns(
    singles.filter(([{ alone }]) => alone),
    1,
    trySingly,
  )
  // By now everything has run once: what it compiled and cached is no leak.
  const before = await victim.measure()
  const parallel = triedInParallel(chosen, options.long === true)
  // Those that wait do it beside those that are tried in parallel: a thousand open sockets of each.
  const waiting = inTurns(
    chosen.filter(({ long }) => long),
    1000,
    (one) => inTurns(one.ways, 4, async (way) => take(await tryWay(stage, one, way))),
  )
  let last = before
  // One at a time where each is looked at by itself.
  await inTurns(parallel, options.long ? 1 : 3, async (one) => {
    const result = await tryWay(stage, one, 'in parallel')
    if (!options.long) return take(result)
    const now = await victim.measure()
    take({ ...result, cpuMs: now.cpuMs - last.cpuMs })
    faults.push(...(await disturbances(bystanders, now, one.name)))
    last = now
  })
  await waiting
  faults.push(...(await disturbances(bystanders, await victim.measure(), 'all')))
  const after = await settled(victim, before)
  faults.push(...overhang(before, after), ...(await leaks(victim, after)))
  return { results, faults, before, after, seen: bystanders.seen }
}

/** Those that are tried in parallel too: all of them in a long run, one for each answer of a row in a short one. */
export function triedInParallel(cases: readonly AbuseCase[], all: boolean): AbuseCase[] {
  const able = cases.filter(isShort).filter(({ ways }) => ways.includes('in parallel'))
  if (all) return able
  return [...new Map(able.map((one) => [`${one.row} ${one.expected}`, one])).values()]
}

function isShort({ long }: AbuseCase): boolean {
  return long !== true
}

function singly(one: AbuseCase): [AbuseCase, Way][] {
  return one.ways.filter((way) => way !== 'in parallel').map((way) => [one, way])
}

async function tryWay(stage: Stage, one: AbuseCase, way: Way): Promise<Result> {
  const { table, row, name, expected, long } = one
  const times = way === 'in parallel' ? stage.times : 1
  const tries = Array.from({ length: times }, (_, i) => i)
  const all = await inTurns(tries, long ? times : atOnce.connections, async (i) => {
    // A burst of thousands would meet a full backlog of the kernel, which answers seconds later.
    if (long) await new Promise((resolve) => setTimeout(resolve, i * rampMs))
    return tryOnce(stage, one, way)
  })
  const others = all.filter((seen) => seen !== expected)
  const seen = others.length === 0 ? expected : summary(others, times)
  return { table, row, name, way, expected, seen }
}

async function tryOnce(stage: Stage, one: AbuseCase, way: Way): Promise<string> {
  try {
    return await one.try(stage, way)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** What was seen in place of what was expected, most often first. */
function summary(others: readonly string[], times: number): string {
  if (times === 1) return others[0]!
  const counts = new Map<string, number>()
  for (const seen of others) counts.set(seen, (counts.get(seen) ?? 0) + 1)
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  return `${others.length} of ${times} otherwise: ${sorted
    .slice(0, 3)
    .map(([seen, n]) => `${n} × ${seen}`)
    .join('; ')}`
}

async function disturbances(
  bystanders: Bystanders,
  { published }: Measured,
  during: string,
): Promise<string[]> {
  return (await bystanders.disturbed(published)).map((what) => `during ${during}: ${what}`)
}

async function epochOf(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/live/any?limit=1`)
  return ((await answer.json()) as { position: string }).position.split('.')[0]!
}

/** Waits for what ends by itself: sockets that were closed from one side, memory that is given back. */
async function settled(victim: Victim, before: Measured): Promise<Measured> {
  const deadline = Date.now() + 8_000
  for (;;) {
    const after = await victim.measure()
    if (overhang(before, after).length === 0 || Date.now() > deadline) return after
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

/** What the server holds more than before, or failed at by itself. */
function overhang(before: Measured, after: Measured): string[] {
  const faults = (Object.keys(slack) as (keyof typeof slack)[])
    .filter((what) => after[what] > before[what] + slack[what])
    .map((what) => `${what}: ${before[what]} before, ${after[what]} after`)
  return [...faults, ...after.errors.map((error) => `the server reported: ${error}`)]
}

/** What every token and every ticket of the run begins with, whoever forged it. */
const secrets = /eyJ[\w-]{8}|ft1\.\w{8}/

/** Where a token or ticket stands that somebody showed during the run. */
async function leaks(victim: Victim, { errors }: Measured): Promise<string[]> {
  const metrics = await fetch(`http://127.0.0.1:${victim.ports.operations}/metrics`)
  const places = { output: victim.output, errors: errors.join('\n'), metrics: await metrics.text() }
  return Object.entries(places).flatMap(([place, text]) => {
    const found = secrets.exec(text)
    return found ? [`a token stands in the server's ${place}: ${found[0]}…`] : []
  })
}
