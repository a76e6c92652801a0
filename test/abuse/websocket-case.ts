import { type Way, ways } from './bytes.ts'
import { type AbuseCase, channelOf, type Stage } from './case.ts'
import type { ServerName } from './victim.ts'
import { type HeardFrame, type HeardFrames, type SentFrame, talk, writeFrame } from './websocket-line.ts'

/** Frames on a WebSocket and what the server must say to them. */
export interface WebSocketCase {
  readonly row: string
  readonly name: string
  /** @default 'dev' */
  readonly at?: ServerName | undefined
  /** The path; CHANNEL stands for a channel of its own. @default '/live/CHANNEL' */
  readonly path?: string | undefined
  readonly lines?: readonly string[] | undefined
  /** A function makes them anew each time they are sent. */
  readonly frames: readonly SentFrame[] | (() => readonly SentFrame[])
  /**
   * What must be said: the op of each message (with the code of an error), `pong` with its text, `close` with its code.
   * Heartbeats are left out; what is said n times in a row is followed by `×n`.
   */
  readonly expected: string
  readonly ways?: readonly Way[] | undefined
  readonly long?: boolean | undefined
}

/** Makes a case of it. */
export function websocketCase(table: AbuseCase['table'], one: WebSocketCase): AbuseCase {
  const { row, name, expected, long, at = 'dev', path = '/live/CHANNEL', frames, lines } = one
  const bytes = () => Buffer.concat((typeof frames === 'function' ? frames() : frames).map(writeFrame))
  const messages = countSaid(expected)
  const self: AbuseCase = {
    table,
    row,
    name,
    expected,
    long,
    ways: one.ways ?? ways,
    async try(stage: Stage, way) {
      const heard = await talk({
        port: stage.ports[at],
        path: path.replace('CHANNEL', channelOf(self, way)),
        lines,
        bytes: bytes(),
        way,
        enough: ({ frames }) => frames.filter(isSaid).length >= messages,
      })
      return describeFrames(heard)
    },
  }
  return self
}

/** What a server said, in the words of `expected`. */
export function describeFrames({ status, frames, closed }: HeardFrames): string {
  if (status !== 101) return `status ${status}`
  const said = frames.filter(isSaid).map(describeFrame)
  const ending = closed && !frames.some(({ opcode }) => opcode === 8) ? ['cut'] : []
  return [...inRuns(said), ...ending].join(', ')
}

/** How many frames `expected` speaks of: the last of them ends the talk. */
function countSaid(expected: string): number {
  return expected
    .split(', ')
    .map((run) => Number(/ ×(\d+)$/.exec(run)?.[1] ?? 1))
    .reduce((sum, n) => sum + n, 0)
}

function isSaid({ opcode, payload }: HeardFrame): boolean {
  return !(opcode === 1 && payload.includes('"op":"heartbeat"')) && opcode !== 9
}

function describeFrame({ opcode, payload }: HeardFrame): string {
  if (opcode === 8) return payload.length === 0 ? 'close' : `close ${payload.readUInt16BE(0)}`
  if (opcode === 10)
    return payload.length > 20
      ? `pong of ${payload.length}`
      : `pong ${JSON.stringify(payload.toString('latin1'))}`
  if (opcode === 2) return `binary of ${payload.length - 4 - payload.readUInt32BE(0)}`
  const { op, code } = JSON.parse(payload.toString()) as { op: string; code?: string }
  return code === undefined ? op : `${op} ${code}`
}

function inRuns(said: readonly string[]): string[] {
  const runs: { what: string; n: number }[] = []
  for (const what of said) {
    const last = runs.at(-1)
    if (last?.what === what) last.n++
    else runs.push({ what, n: 1 })
  }
  return runs.map(({ what, n }) => (n === 1 ? what : `${what} ×${n}`))
}
