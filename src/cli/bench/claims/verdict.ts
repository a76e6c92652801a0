import type { Range } from './samples.ts'

/** What an experiment says of a sentence of the article. */
export type Verdict = 'confirmed' | 'refuted' | 'depends' | 'not measured'

/** A verdict with its reason, in a sentence. */
export interface Judgement {
  readonly verdict: Verdict
  readonly because: string
}

/** How the figures of one side stand to those of the other. `equal`: the rounds overlap, or differ by less than the margin. */
export type Standing = 'more' | 'less' | 'equal'

/**
 * Compares two figures by all their rounds: one is more only when its lowest round is above the other's highest, and
 * the medians are apart by `margin` (a factor). A machine that does other work makes smaller differences by itself.
 */
export function compare(one: Range, other: Range, margin = 1.1): Standing {
  if (one.lowest > other.highest && one.median >= other.median * margin) return 'more'
  if (one.highest < other.lowest && other.median >= one.median * margin) return 'less'
  return 'equal'
}

/** A sentence that says `more` or `less` of one side, judged by every pair that was measured. */
export function judgePairs(said: 'more' | 'less', found: Readonly<Record<string, Standing>>): Judgement {
  const pairs = Object.entries(found)
  if (pairs.length === 0) return { verdict: 'not measured', because: 'nothing was compared' }
  const named = (wanted: (standing: Standing) => boolean): string =>
    pairs
      .filter(([, standing]) => wanted(standing))
      .map(([name]) => name)
      .join(', ')
  const holds = named((standing) => standing === said)
  const overlaps = named((standing) => standing === 'equal')
  const opposite = named((standing) => standing !== said && standing !== 'equal')
  if (overlaps === '' && opposite === '') return { verdict: 'confirmed', because: 'so in every pair' }
  if (overlaps === '' && holds === '') return { verdict: 'refuted', because: 'the opposite in every pair' }
  const parts = [
    holds && `so for ${holds}`,
    overlaps && `no difference beyond the rounds’ own spread for ${overlaps}`,
    opposite && `the opposite for ${opposite}`,
  ]
  return { verdict: 'depends', because: parts.filter(Boolean).join('; ') }
}

/** What counts as no added latency, and what as the article's "a few milliseconds". */
const nothingMs = 0.5
const fewMs = 2

/**
 * "SSE adds a few milliseconds per event": refuted when the median event of SSE is less than 0.5 ms from that of a frame
 * and no round is as far as 2 ms; confirmed when every round adds 2 ms or more.
 */
export function judgeAddedLatency(added: Range): Judgement {
  if (added.lowest >= fewMs) return { verdict: 'confirmed', because: 'every round adds 2 ms or more' }
  const small = Math.abs(added.median) < nothingMs
  if (small && added.highest < fewMs && added.lowest > -fewMs)
    return { verdict: 'refuted', because: 'the medians are within 0.5 ms, and no round adds 2 ms' }
  return { verdict: 'depends', because: 'the rounds are too far apart, or between 0.5 and 2 ms' }
}

/** Judgements of several sizes as one: all alike, or it depends. */
export function together(judged: Readonly<Record<string, Judgement>>): Judgement {
  const entries = Object.entries(judged)
  const [first] = entries
  if (!first) return { verdict: 'not measured', because: 'nothing was compared' }
  const because = entries.map(([name, one]) => `${name}: ${one.verdict}, ${one.because}`).join('; ')
  const alike = entries.every(([, { verdict }]) => verdict === first[1].verdict)
  return alike ? first[1] : { verdict: 'depends', because }
}

/** Of things that were tried, how many failed. */
export interface Tried {
  readonly tried: number
  readonly failed: number
}

/**
 * "It fails without X": refuted when all went well without it, confirmed when most failed. The control is what must
 * fail: when it does not, the experiment shows nothing.
 */
export function judgeFailure(without: Tried, control: Tried): Judgement {
  if (control.failed === 0 || without.tried === 0)
    return {
      verdict: 'not measured',
      because: 'the negative control did not fail, so the path tests nothing',
    }
  if (without.failed === 0)
    return {
      verdict: 'refuted',
      because: `${without.tried} of ${without.tried} went well; the control failed ${control.failed} of ${control.tried} times`,
    }
  const most = without.failed > without.tried / 2
  return { verdict: most ? 'confirmed' : 'depends', because: `${without.failed} of ${without.tried} failed` }
}
