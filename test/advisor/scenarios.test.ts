import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/advisor/decide.ts'
import { advise, answerScenarios, type Inputs, rules } from '../../src/advisor/index.ts'
import { readScenario } from '../../src/advisor/scenario.ts'
import { root } from '../support/source-files.ts'
import { labelledFlows } from './scenarios.ts'

const openSet = join(root, '../shared/reference/advisor-scenarios.json')
const isHere = existsSync(openSet)
if (!isHere)
  console.warn(
    'SKIPPED: the open set of scenarios is not beside the repository: only our own flows are tried',
  )

function fired(inputs: Inputs): string[] {
  return decide(inputs).reasons.map(({ rule }) => rule)
}

/** Enough of them to be worth calling high, and right when it says so. */
function calibration(answers: readonly { sure: boolean; right: boolean }[]): void {
  const sure = answers.filter((one) => one.sure)
  expect(sure.length).toBeGreaterThanOrEqual(answers.length / 3)
  expect(sure.filter(({ right }) => right).length).toBeGreaterThanOrEqual(sure.length * 0.9)
}

describe.each(labelledFlows)('$title', ({ inputs, primary, accept = [], needs = [], rules: expected }) => {
  const advice = advise(inputs)

  it(`is ${primary}`, () => {
    expect([primary, ...accept]).toContain(advice.primary)
    expect(advice.needs).toEqual(expect.arrayContaining([...needs]))
  })

  it('says by which rules', () => {
    expect(fired(inputs)).toEqual(expect.arrayContaining([...expected]))
  })
})

it('is sure of a third of our own flows, and right about them', () => {
  calibration(
    labelledFlows.map(({ inputs, primary, accept = [] }) => {
      const advice = advise(inputs)
      return {
        sure: advice.confidence.level === 'high',
        right: [primary, ...accept].includes(advice.primary),
      }
    }),
  )
})

describe('rules', () => {
  it.each(rules.map(({ id }) => id))('%s serves two of our own flows at least', (id) => {
    const served = labelledFlows.filter(({ inputs }) => fired(inputs).includes(id)).map(({ title }) => title)
    expect(served.length, served.join()).toBeGreaterThanOrEqual(2)
  })

  it('have an id, a title, a source and a condition of their own', () => {
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length)
    for (const { id, title, source, condition } of rules) {
      expect(id).toMatch(/^R\d+$/)
      for (const text of [title, source, condition]) expect(text.length).toBeGreaterThan(5)
    }
  })
})

describe.skipIf(!isHere)('the open set', () => {
  const file = isHere ? (JSON.parse(readFileSync(openSet, 'utf8')) as Record<string, unknown>[]) : []
  const report = answerScenarios(file)

  it('is accepted, 95 % and more, and nothing is rejected', () => {
    expect(report.score.rejected).toBe(0)
    expect(report.score.accepted).toBeGreaterThanOrEqual(report.score.total * 0.95)
    expect(report.score.total).toBe(32)
    expect(report.warnings).toEqual([])
  })

  it('is answered with high confidence for a third, and rightly', () => {
    calibration(
      report.answers.map(({ confidence, primary }, at) => ({
        sure: confidence === 'high',
        right: [file[at]?.primary, file[at]?.accept].flat().includes(primary),
      })),
    )
  })

  it.each(['O03', 'O12', 'O15', 'O22'])('%s, on which vendors differ, is a close call', (id) => {
    const answer = report.answers.find((one) => one.id === id)
    expect(answer?.margin).toBeLessThan(0.075)
    expect(answer?.confidence).toBe('low')
  })

  it('has the rule that its label rests on among the reasons', () => {
    for (const [at, { id, rules: held }] of report.answers.entries()) {
      const named = String(file[at]?.why).match(/\bR\d+\b/g) ?? []
      expect(
        named.filter((rule) => !held.includes(rule)),
        id,
      ).toEqual([])
    }
  })

  it('has no rule to itself', () => {
    const all = [
      ...labelledFlows.map(({ inputs }) => inputs),
      ...file.map((one, at) => readScenario(one, at).inputs),
    ]
    for (const { id } of rules)
      expect(all.filter((inputs) => fired(inputs).includes(id)).length, id).toBeGreaterThan(1)
  })
})

describe('a file of scenarios', () => {
  const flow = { id: 'A', dir: 's2c', s2c: [1, 100], c2s: [0, 0], latencyMs: 1000, extras: {} }

  it('counts what is as labelled, accepted and rejected', () => {
    const report = answerScenarios([
      { ...flow, primary: 'sse', accept: [], reject: [] },
      { ...flow, primary: 'websocket', accept: ['sse'], reject: [] },
      { ...flow, primary: 'websocket', accept: [], reject: ['sse'] },
      { ...flow, primary: 'sse', accept: [], reject: [], needs: ['coalescing'] },
      flow,
    ])
    expect(report.score).toEqual({ total: 4, primary: 2, accepted: 3, rejected: 2 })
    expect(report.answers[0]).toMatchObject({
      id: 'A',
      primary: 'sse',
      rules: expect.arrayContaining(['R27']),
    })
  })

  it.each(['primary', 'accept', 'reject'])('is refused for a label of %s that is no transport', (field) => {
    const label = field === 'primary' ? 'carrier-pigeon' : ['carrier-pigeon']
    expect(() => answerScenarios([{ ...flow, primary: 'sse', [field]: label }])).toThrow(
      `A: ${field} names "carrier-pigeon". Labels are sse, sse+post,`,
    )
  })

  it.each([[null], [{}], ['text'], [[1]]])('is refused when it is %j', (file) => {
    expect(() => answerScenarios(file)).toThrow(TypeError)
  })

  it('warns of extras and values that it does not know, and answers all the same', () => {
    const report = answerScenarios([{ ...flow, extras: { moon: 'full', http: 'carrier', tabs: -1 } }])
    expect(report.warnings).toEqual([
      'A: extras.moon is not known',
      'A: extras.http: "carrier" is not understood',
      'A: extras.tabs: -1 is not understood',
    ])
    expect(report.answers[0]?.primary).toBe('sse')
  })

  it('may leave out anything: then it says what to ask', () => {
    const { answers } = answerScenarios([
      {},
      { id: 'B', extras: null },
      { dir: 'both', s2c: [1] },
      { dir: 'c2s' },
    ])
    expect(answers.map(({ id }) => id)).toEqual(['#1', 'B', '#3', '#4'])
    expect(answers[0]).toMatchObject({
      confidence: 'low',
      ask: expect.arrayContaining(['direction', 'latencyMs']),
    })
    expect(answers[2]?.ask).toContain('upRate')
    expect(answers[3]).toMatchObject({ primary: 'post-only' })
  })
})
