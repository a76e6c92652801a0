import { badFrameCases } from './bad-frames.ts'
import { badInputCases } from './bad-inputs.ts'
import { type ServerCase, type ServerTraits, Skipped } from './case.ts'
import { declaredCases } from './declared.ts'
import { historyCases } from './history.ts'
import { httpCases } from './http.ts'
import { payloadCases } from './payloads.ts'
import { presenceCases } from './presence.ts'
import { readingCases } from './reading.ts'
import { resetCases } from './resets.ts'
import { sendingCases } from './sending.ts'
import { streamCases } from './stream.ts'
import { createTarget } from './target.ts'
import { websocketCases } from './websocket.ts'
import { websocketErrorCases } from './websocket-errors.ts'

/** Every case, in the order of the contract. */
export const serverCases: readonly ServerCase[] = [
  ...httpCases,
  ...streamCases,
  ...historyCases,
  ...websocketCases,
  ...websocketErrorCases,
  ...readingCases,
  ...resetCases,
  ...payloadCases,
  ...sendingCases,
  ...declaredCases,
  ...presenceCases,
  ...badInputCases,
  ...badFrameCases,
]

/** How one case went. */
export interface ServerCaseResult {
  readonly id: string
  readonly title: string
  readonly section: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it was skipped. */
  readonly reason?: string | undefined
  /** What was wrong. */
  readonly error?: unknown
}

export interface RunServerCasesOptions extends ServerTraits {
  /** Runs the cases whose id starts with this, or is one of these. @default all */
  readonly only?: string | readonly string[] | undefined
  /** Called after each case. */
  readonly onResult?: ((result: ServerCaseResult) => void) | undefined
  /** Ends the run before its next case. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs the cases, one after the other, against a server in development mode; `url` is its base, such as
 * `http://localhost:8080/live` (`/live` may be left out). Never rejects: what failed is in the results.
 */
export async function runServerCases(
  url: string,
  options: RunServerCasesOptions = {},
): Promise<readonly ServerCaseResult[]> {
  const results: ServerCaseResult[] = []
  for (const one of serverCases) {
    if (options.signal?.aborted) break
    if (!isWanted(one.id, options.only)) continue
    const result = await runServerCase(url, one, options)
    results.push(result)
    options.onResult?.(result)
  }
  return results
}

/** Runs one case. Never rejects. */
export async function runServerCase(
  url: string,
  one: ServerCase,
  traits: ServerTraits = {},
): Promise<ServerCaseResult> {
  const { id, title, section } = one
  const { target, release } = createTarget(url, traits)
  try {
    await one.run(target)
    return { id, title, section, outcome: 'passed' }
  } catch (error) {
    if (error instanceof Skipped) return { id, title, section, outcome: 'skipped', reason: error.message }
    return { id, title, section, outcome: 'failed', error }
  } finally {
    release()
  }
}

function isWanted(id: string, only: RunServerCasesOptions['only']): boolean {
  if (only === undefined) return true
  return typeof only === 'string' ? id.startsWith(only) : only.includes(id)
}
