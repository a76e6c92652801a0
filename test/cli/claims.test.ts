import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ClaimsPlan } from '../../src/cli/bench/claims/plan.ts'
import { atMost, quickPlan } from '../../src/cli/bench/claims/plan.ts'
import { experiments, runClaims } from '../../src/cli/bench/claims/run-claims.ts'
import { runInProcess } from './recorded-terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-claims-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** So little that it takes seconds; nothing is asserted about how fast something was. */
const tiny: ClaimsPlan = {
  ...atMost(quickPlan, 10),
  rounds: 2,
  events: 2,
  readers: [3],
  floodMs: 20,
  floodConnections: [2],
  floodBytes: [20],
  binaryEvents: 5,
  handshakes: 4,
  upMessages: 20,
  upSeconds: 0.1,
  upRates: [50],
  orderMessages: 40,
  orderPerSecond: 400,
}

describe('fairlead bench --claims', () => {
  // Browsers (E10) take seconds to start, and idle memory (E5) a dozen processes: left to the command itself.
  const wanted = experiments.filter(({ id }) => id !== 'E10' && id !== 'E5')

  it('measures claims, in a report with pictures', { timeout: 90_000 }, async () => {
    const told: string[] = []
    const signal = new AbortController().signal
    const context = { plan: tiny, signal, tell: (what: string) => void told.push(what) }
    const { measured, file } = await runClaims(wanted, context, folder)
    expect(measured.map(({ experiment, failure }) => [experiment.id, failure])).toEqual(
      wanted.map(({ id }) => [id, undefined]),
    )
    const verdicts = Object.fromEntries(
      measured.flatMap(({ experiment: { id }, outcome }) =>
        outcome!.findings.map(({ verdict }, i) => [`${id}.${i}`, verdict]),
      ),
    )
    // What does not hang on time is so on any machine.
    expect(verdicts).toMatchObject({ 'E2.0': 'confirmed', 'E6.0': 'refuted', 'E6.1': 'confirmed' })
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain(hostname())
    expect(text).not.toContain('NaN')
    const pictures = [...text.matchAll(/\]\(claims\/(.*?)\)/g)].map(([, name]) => name)
    expect(readdirSync(join(folder, 'claims')).sort()).toEqual(pictures.sort())
    expect(told.length).toBeGreaterThan(wanted.length)
  })

  it('runs the experiments that are named, and says what is wrong with a call', async () => {
    const out = join(folder, 'only')
    const { code, stdout } = await runInProcess(['bench', '--claims', '--only', 'e12', '--out', out])
    expect(stdout).toContain('E12: Lines and branches of a dashboard')
    expect(code).toBe(0)
    expect(readdirSync(out).sort()).toEqual(['claims', 'claims.md'])
    const wrong = await runInProcess(['bench', '--claims', '--only', 'E99'])
    expect(wrong.stderr).toContain('There is no experiment E99')
    const url = await runInProcess(['bench', 'http://localhost:1/live', '--claims'])
    expect(url.stderr).toContain('takes no URL')
    const nothing = await runInProcess(['bench'])
    expect(nothing.stderr).toContain('fairlead bench --claims')
    expect([wrong.code, url.code, nothing.code]).toEqual([2, 2, 2])
  })
})
