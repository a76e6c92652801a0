import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { table } from './report.ts'
import { peersFolder } from './subjects.ts'

/** The part of a V8 CPU profile that is read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** A function and the time spent in itself. */
export interface SelfTime {
  readonly where: string
  /** Of the time in which the program did anything. */
  readonly share: number
  readonly milliseconds: number
}

const folder = `${peersFolder}profiles`

/** Flags that make a Node server write a profile when it ends, into a folder that is emptied first. */
export function profileFlags(): string[] {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200']
}

/** The functions in which most time was spent, most first, in all processes of the run; empties the folder. */
export function takeProfile(count = 20): readonly SelfTime[] {
  const files = readdirSync(folder).map((name) => `${folder}/${name}`)
  const profiles = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as CpuProfile)
  for (const file of files) rmSync(file)
  return selfTimes(...profiles).slice(0, count)
}

/** Every function with the time spent in itself, most first. What waits is left out. */
export function selfTimes(...profiles: readonly CpuProfile[]): readonly SelfTime[] {
  const times = new Map<string, number>()
  for (const { nodes, samples, timeDeltas } of profiles) {
    const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
    samples.forEach((id, i) => {
      const place = places.get(id) ?? ''
      if (place !== '(idle)' && place !== '(root)')
        times.set(place, (times.get(place) ?? 0) + (timeDeltas[i] ?? 0))
    })
  }
  const all = [...times.values()].reduce((total, time) => total + time, 0)
  return [...times]
    .map(([where, time]) => ({ where, share: time / all, milliseconds: time / 1000 }))
    .sort((a, b) => b.share - a.share)
}

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName || '(anonymous)'
  const file = url.startsWith('node:') ? url : basename(url.startsWith('file:') ? fileURLToPath(url) : url)
  return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`
}

/** A profile as lines of text. */
export function showProfile(times: readonly SelfTime[]): string {
  return times
    .map(
      ({ where, share, milliseconds }) =>
        `${(share * 100).toFixed(1).padStart(6)} %  ${milliseconds.toFixed(0).padStart(6)} ms  ${where}`,
    )
    .join('\n')
}

/** A profile as a page of Markdown, to be kept beside the results. */
export function profileToMarkdown(title: string, times: readonly SelfTime[]): string {
  const lines = times.map(({ where, share, milliseconds }) => [
    `${(share * 100).toFixed(1)} %`,
    milliseconds.toFixed(0),
    `\`${where}\``,
  ])
  return `# Where the time goes: ${title}\n\nOf the time in which the server did anything, by function, in itself.\n\n${table(['', 'ms', 'function'], lines)}\n`
}
