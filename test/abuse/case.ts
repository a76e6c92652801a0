import type { Way } from './bytes.ts'
import type { ServerName } from './victim.ts'
import type { Victim } from './victim-process.ts'

/** One input, or one attack, with what must be seen. */
export interface AbuseCase {
  /** The table it is in: `bad input`, `websocket` or `attack`. */
  readonly table: 'bad input' | 'websocket' | 'attack'
  /** The row of that table, such as `17`. */
  readonly row: string
  readonly name: string
  /** What must be seen, in words; what is seen is said in the same words. */
  readonly expected: string
  readonly ways: readonly Way[]
  /** It waits for the server's own deadlines: left out of `npm test`. */
  readonly long?: boolean | undefined
  /** It looks at the memory of the whole server: nothing else is tried meanwhile. */
  readonly alone?: boolean | undefined
  /** Tries it once and says what was seen. */
  try(stage: Stage, way: Way): Promise<string>
}

/** What a case is tried on. */
export interface Stage {
  readonly ports: Readonly<Record<ServerName, number>>
  readonly victim: Victim
  /** Of the log of `dev`. */
  readonly epoch: string
  /** How often a case is tried in parallel, and how many connections a flood has. */
  readonly times: number
}

/** One line of the table that is printed. */
export interface Result {
  readonly table: AbuseCase['table']
  readonly row: string
  readonly name: string
  readonly way: Way
  readonly expected: string
  readonly seen: string
  /** What the server's process spent, in milliseconds. */
  readonly cpuMs?: number | undefined
}

/** A channel that no other case and no other way uses. */
export function channelOf(one: Pick<AbuseCase, 'table' | 'name'>, way: Way): string {
  return `${one.table}/${one.name}/${way}`.replaceAll(' ', '-')
}
