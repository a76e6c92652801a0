import { parseArgs } from 'node:util'
import { type Browser, candidates } from '../browser/driver.ts'
import { type ConditionCase, conditions } from './conditions.ts'
import { nodeSubject } from './node-subject.ts'
import { pageSubject } from './page-subject.ts'
import { goThrough, type Seen, shortcomings } from './session.ts'
import { type Story, type StoryEnd, stories } from './stories.ts'

/**
 * `npm run test:choice [-- --only ROW]`: clients in Node and in Chromium behind proxies as networks have them, and pages
 * whose use changes. Prints what was expected and what was seen; the exit code is 0 only if every row ran and held.
 */
const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } })
const isChosen = ({ id }: { id: string }) => values.only?.includes(id) ?? true
const failed: string[] = []
const table = [
  [
    'condition',
    'where',
    'transport after: expected',
    'seen',
    'longest time without events',
    'at most',
    'lost',
    'repeated',
    '',
  ],
]

const chosen = conditions.filter(isChosen)
const told = stories.filter(isChosen)
const unknown = values.only?.filter((id) => ![...chosen, ...told].some((one) => one.id === id)) ?? []
if (unknown.length > 0) {
  console.error(
    `There is no row ${unknown.join(', ')}. There are: ${[...conditions, ...stories].map(({ id }) => id).join(', ')}.`,
  )
  process.exit(2)
}

const chromium = candidates.find(({ name }) => name === 'Chromium')
const browser: Browser | undefined =
  chromium?.path === undefined ? undefined : await chromium.start(chromium.path)
if (!browser) failed.push('Chromium is missing: the rows in it did not run')

for (const one of chosen) {
  await row(one, 'Node', () => goThrough(one, nodeSubject()))
  if (browser) await row(one, 'Chromium', async () => goThrough(one, await pageSubject(browser)))
}
const ends: [Story, StoryEnd][] = []
for (const story of told) {
  console.log(`${story.id}: ${story.tells}`)
  const end = await story.run()
  for (const line of end.decisions) console.log(`    ${line}`)
  for (const fault of end.faults) console.log(`    FAILED: ${fault}`)
  if (end.faults.length > 0) failed.push(story.id)
  ends.push([story, end])
}
await browser?.close()

if (chosen.length > 0) print([table[0]!, table[0]!.map(() => '---'), ...table.slice(1)])
const head = ['story', 'transports: expected', 'seen', 'events', 'lost', 'repeated', '']
if (ends.length > 0) {
  print([
    head,
    head.map(() => '---'),
    ...ends.map(([story, { used, events, lost, repeated, faults }]) => [
      story.tells,
      story.expected.join(' → '),
      used.join(' → '),
      `${events}`,
      `${lost}`,
      `${repeated}`,
      faults.length === 0 ? 'ok' : 'FAILED',
    ]),
  ])
}
console.log(
  failed.length === 0 ? `${table.length - 1 + ends.length} rows, all held` : `FAILED: ${failed.join('; ')}`,
)
process.exit(failed.length === 0 ? 0 : 1)

async function row(one: ConditionCase, where: string, go: () => Promise<Seen>): Promise<void> {
  console.log(`${one.id} (${where}): ${one.fault}`)
  const seen = await go().catch((error: unknown) => String(error))
  const faults = typeof seen === 'string' ? [seen] : shortcomings(one, seen)
  if (typeof seen === 'object') for (const line of seen.decisions) console.log(`    ${line}`)
  for (const fault of faults) console.log(`    FAILED: ${fault}`)
  if (faults.length > 0) failed.push(`${one.id} (${where})`)
  const { transport, gapMs, lost, repeated } = typeof seen === 'string' ? ({} as Partial<Seen>) : seen
  const cells = [one.fault, where, one.after, transport, `${gapMs} ms`, `${one.withinMs} ms`, lost, repeated]
  table.push([...cells.map(String), faults.length === 0 ? 'ok' : 'FAILED'])
}

function print(rows: readonly (readonly string[])[]): void {
  console.log(`\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`)
}
