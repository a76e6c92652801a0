import type { Inputs, ProbedTransport } from './inputs.ts'

const probes: Readonly<Record<string, ProbedTransport>> = {
  sse: 'sse',
  ws: 'websocket',
  websocket: 'websocket',
  longpoll: 'long-poll',
  'long-poll': 'long-poll',
}

/**
 * Reads what a check of the path found, by transport: `'ok'`, the name of a fault (`'F01'`), `true` and `false`, or the
 * share of tries that failed (0 to 1). Undefined for anything else.
 */
export function readFailures(report: unknown): Inputs['failures'] | undefined {
  if (typeof report !== 'object' || report === null) return undefined
  const failures: Partial<Record<ProbedTransport, number>> = {}
  for (const [name, found] of Object.entries(report)) {
    const probe = Object.hasOwn(probes, name.toLowerCase()) ? probes[name.toLowerCase()] : undefined
    const share = shareOf(found)
    if (probe !== undefined && share !== undefined) failures[probe] = share
  }
  return Object.keys(failures).length === 0 ? undefined : failures
}

function shareOf(found: unknown): number | undefined {
  if (typeof found === 'boolean') return found ? 0 : 1
  if (typeof found === 'number') return found >= 0 && found <= 1 ? found : undefined
  if (typeof found !== 'string') return undefined
  return /^(ok|good|works|pass(ed)?|fine)$/i.test(found) ? 0 : 1
}
