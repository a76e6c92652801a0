import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { show } from '../rounds.ts'
import { toSvg } from './chart.ts'
import { describeMachine } from './machine.ts'
import { type Figures, measure, type RunContext } from './measure.ts'
import { profileFlags, profileToMarkdown, showProfile, takeProfile } from './profile.ts'
import { startPublishers } from './publishers.ts'
import { type Report, tableOf, toMarkdown } from './report.ts'
import { type RowResult, summarise, titleOf } from './results.ts'
import type { Contestant, Row } from './row.ts'
import { rows } from './rows.ts'
import { loadCore } from './server-process.ts'
import { buildPrograms, setupPeers } from './setup.ts'
import { subjects } from './subjects.ts'

const help = `npm run bench -- [FLAGS]

  --row A, --rows A,B
                    only rows whose name begins with A or B; --list names them. May be given again
  --peers A,B       only these beside ours: floor, ws, http, socket.io, uwebsockets, nchan, centrifugo
  --rounds N        rounds, interleaved; 5 without it
  --seconds S       how long a fan-out is measured; 2 without it, 0.75 quickly, 10 for a profile
  --quick           one short round beside floor, bare ws and uWebSockets.js: it ranks, and writes nothing
  --profile         one round of ours alone, and where its time goes; with --out kept in FOLDER/profiles/ROW.md
  --out FOLDER      where results go; bench/results without it. Fewer than 5 rounds are written only if it is given
  --setup           builds and fetches what the peers need
  --list            names the rows`

const { values: flags } = parseArgs({
  options: {
    row: { type: 'string', multiple: true, default: [] },
    rows: { type: 'string', multiple: true, default: [] },
    peers: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    out: { type: 'string' },
    setup: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stderr.write(`${line}\n`)

/** A row with those of its contestants that were asked for. */
function wanted(): Row[] {
  const names = [...flags.row, ...flags.rows].flatMap((list) => list.split(','))
  const chosen = rows.filter(
    ({ name }) => names.length === 0 || names.some((begin) => name.startsWith(begin)),
  )
  if (chosen.length === 0)
    throw new Error(`No row begins with ${names.join(' or ')}: npm run bench -- --list`)
  const peers = flags.profile
    ? []
    : (flags.peers?.split(',') ?? (flags.quick ? ['floor', 'ws', 'uwebsockets'] : undefined))
  const filled = chosen.map((row): Row => {
    const [ours, ...others] = row.contestants
    const kept = others.filter(
      ({ subject, native }) =>
        !peers || peers.includes(subject) || (subject === 'fairlead' && !(flags.quick && native === false)),
    )
    return { ...row, contestants: [ours, ...(flags.profile ? [] : kept)] }
  })
  // Quickly, a row without any of these peers says nothing, unless its figure has an aim.
  return flags.quick ? filled.filter(({ contestants: [{ aim }, peer] }) => aim ?? peer) : filled
}

async function runRow(
  row: Row,
  rounds: number,
  context: RunContext,
  progress: () => string,
): Promise<RowResult> {
  const runs: (Figures | string)[][] = row.contestants.map(() => [])
  for (let round = 0; round < rounds; round++) {
    // Who comes first changes with each round, so that no one always follows the same neighbour.
    for (let i = 0; i < row.contestants.length; i++) {
      const at = (i + round) % row.contestants.length
      const contestant = row.contestants[at]!
      const result = await attempt(row, contestant, context)
      runs[at]!.push(result)
      say(`${progress()} ${row.name}, round ${round + 1}, ${titleOf(contestant)}: ${describe(result)}`)
      if (flags.profile && typeof result === 'object') tellProfile(row)
    }
  }
  return summarise(row, runs)
}

function tellProfile({ name, title }: Row): void {
  const times = takeProfile()
  say(showProfile(times))
  if (flags.out === undefined) return
  mkdirSync(`${flags.out}/profiles`, { recursive: true })
  writeFileSync(`${flags.out}/profiles/${name}.md`, profileToMarkdown(title, times))
}

async function attempt(row: Row, contestant: Contestant, context: RunContext): Promise<Figures | string> {
  const missing = subjects[contestant.subject].missing()
  if (missing !== undefined) return missing
  try {
    return await measure(row, contestant, context)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function describe(result: Figures | string): string {
  if (typeof result === 'string') return `NOT MEASURED: ${result}`
  const { value, latency, serverShare, loadShare, strangersShare, lost } = result
  const share = (of: number | undefined): string => `${Math.round((of ?? 0) * 100)} %`
  const parts = [show(value)]
  if (latency)
    parts.push(`p50 ${show(latency.p50)} ms, p99 ${show(latency.p99)} ms, last ${show(latency.max)} ms`)
  if (serverShare !== undefined)
    parts.push(`server ${share(serverShare)}, load ${share(loadShare)}, others ${share(strangersShare)}`)
  if (lost) parts.push(`LOST ${lost}`)
  return parts.join('; ')
}

function write(folder: string, done: readonly RowResult[]): void {
  mkdirSync(folder, { recursive: true })
  const file = `${folder}/results.json`
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report).rows : []
  const all = [...before.filter(({ name }) => !done.some((row) => row.name === name)), ...done]
  const order = (name: string): number => rows.findIndex((row) => row.name === name)
  const known = all.filter(({ name }) => order(name) >= 0).sort((a, b) => order(a.name) - order(b.name))
  const report: Report = { machine: describeMachine(), rows: known }
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(`${folder}/README.md`, toMarkdown(report, true))
  for (const row of done) writeFileSync(`${folder}/${row.name}.svg`, toSvg(row))
}

async function main(): Promise<void> {
  if (flags.help) return console.log(help)
  if (flags.list) return console.log(rows.map(({ name, title }) => `${name.padEnd(22)}${title}`).join('\n'))
  if (flags.setup) return setupPeers(say)
  const rounds = Number(flags.rounds ?? (flags.quick || flags.profile ? 1 : 5))
  const chosen = wanted()
  buildPrograms()
  // Everything started from here inherits it; a server is then moved to its own core.
  execFileSync('taskset', ['-apc', String(loadCore), String(process.pid)], { stdio: 'ignore' })
  const [load = 0] = loadavg()
  if (load > 0.5)
    say(`The machine has other work (load ${load.toFixed(1)}): figures will be worse than they are.`)
  const publishers = startPublishers()
  const context = {
    publishers,
    seconds: Number(flags.seconds ?? (flags.quick ? 0.75 : flags.profile ? 10 : 2)),
    nodeFlags: flags.profile ? profileFlags() : [],
  }
  const runs = rounds * chosen.reduce((sum, { contestants }) => sum + contestants.length, 0)
  const began = performance.now()
  let count = 0
  const progress = (): string => {
    const minutes = (performance.now() - began) / 60_000
    return `[${++count}/${runs}, ${minutes.toFixed(1)} of about ${((minutes / count) * runs).toFixed(0)} min]`
  }
  const usual = rounds >= 5 ? fileURLToPath(new URL('../results', import.meta.url)) : undefined
  const out = flags.profile ? undefined : (flags.out ?? usual)
  const done: RowResult[] = []
  for (const row of chosen) {
    const result = await runRow(row, rounds, context, progress)
    done.push(result)
    if (out) write(out, done) // After each row: a run that is stopped keeps what it has.
    if (!flags.profile) console.log(`\n## ${row.title}\n\n${tableOf(result)}\n`)
  }
  publishers.close()
  if (out) say('The results are written.')
}

await main()
