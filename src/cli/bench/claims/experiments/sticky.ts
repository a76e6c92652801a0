import { get } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import type { ClaimContext, Experiment, Outcome } from '../claim.ts'
import { rounds } from '../pair.ts'
import { forkRole, type Role } from '../role.ts'
import type { NodeServer } from '../roles/node-server.ts'
import { startRoundRobin } from '../round-robin.ts'
import { rangeOf } from '../samples.ts'
import { judgeFailure, type Tried } from '../verdict.ts'

/** E6: several servers and no stickiness. */
export const sticky: Experiment = {
  id: 'E6',
  title: 'Sticky sessions',
  how: 'Two server processes with one shared log behind a proxy that hands each request and each handshake to the next of them. WebSocket: handshake and an echo. SSE: cut after each few events, and resumed elsewhere by `Last-Event-ID`. Long-poll: each poll says its position. The control is a long-poll whose session is in one server’s memory, and must fail.',
  run: measureSticky,
}

/** Events that stand in the log. */
const logged = 200
/** A reader is cut after so many. */
const cutAfter = 20
const answerMs = 5_000

type Name =
  | 'WebSocket'
  | 'SSE with resume'
  | 'long-poll with positions'
  | 'long-poll with a session (control)'

async function measureSticky(context: ClaimContext): Promise<Outcome> {
  const servers = [forkRole<NodeServer>('node-server'), forkRole<NodeServer>('node-server')]
  const failures: Record<Name, Tried[]> = {
    WebSocket: [],
    'SSE with resume': [],
    'long-poll with positions': [],
    'long-poll with a session (control)': [],
  }
  try {
    const ports = await Promise.all(servers.map(async (server) => (await server.ask('listen')).port))
    await appendAll(servers)
    const proxy = await startRoundRobin(ports)
    try {
      await rounds(context.plan.rounds, context, async (round) => {
        context.tell(`round ${round + 1}`)
        await tryAll(`127.0.0.1:${proxy.port}`, context.plan.handshakes, failures)
      })
    } finally {
      proxy.close()
    }
  } finally {
    for (const server of servers) server.close()
  }
  return report(failures)
}

async function appendAll(servers: readonly Role<NodeServer>[]): Promise<void> {
  const events = Array.from({ length: logged }, (_, i) => String(i + 1))
  for (const server of servers) await server.ask('append', { events })
}

async function tryAll(host: string, count: number, failures: Record<Name, Tried[]>): Promise<void> {
  let failed = 0
  for (let i = 0; i < count; i++) if (!(await echoes(`ws://${host}/ws`))) failed++
  failures.WebSocket.push({ tried: count, failed })
  failures['SSE with resume'].push(await readInPieces(`http://${host}/sse`))
  failures['long-poll with positions'].push(await pollAll(`http://${host}/poll`))
  const session = await text(await ask(`http://${host}/session`))
  failures['long-poll with a session (control)'].push(await pollAll(`http://${host}/session-poll`, session))
}

function echoes(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { handshakeTimeout: answerMs })
    const end = (went: boolean): void => {
      clearTimeout(late)
      socket.terminate()
      resolve(went)
    }
    const late = setTimeout(end, answerMs, false)
    socket.on('open', () => socket.send('there?'))
    socket.on('message', (data: Buffer) => end(data.toString() === 'there?'))
    socket.on('error', () => end(false))
  })
}

/** Reads the whole log, a new connection for each piece. A failure is an event that is missing, repeated or out of order. */
async function readInPieces(url: string): Promise<Tried> {
  const seen: string[] = []
  for (let pieces = 0; seen.length < logged && pieces < logged; pieces++) {
    const answer = await ask(url, { 'last-event-id': String(seen.length) })
    seen.push(...(await piece(answer)))
  }
  return { tried: logged, failed: wrong(seen) }
}

async function piece(answer: Awaited<ReturnType<typeof ask>>): Promise<string[]> {
  const found: string[] = []
  let rest = ''
  answer.setEncoding('utf8')
  for await (const chunk of answer) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (data !== undefined) found.push(data)
      if (found.length >= cutAfter) return found
    }
    if (found.at(-1) === String(logged)) return found
  }
  return found
}

/** Polls the whole log. With a session a poll that is refused counts as failed, and is tried again. */
async function pollAll(url: string, session = ''): Promise<Tried> {
  const seen: string[] = []
  let tried = 0
  let refused = 0
  while (seen.length < logged && tried < logged) {
    tried++
    const answer = await ask(`${url}?after=${seen.length}&session=${session}`)
    const body = await text(answer)
    if (answer.statusCode === 200) seen.push(...(JSON.parse(body) as string[]))
    else refused++
  }
  return { tried, failed: refused + wrong(seen) }
}

/** How many places of what was read hold another event than they should. */
function wrong(seen: readonly string[]): number {
  let count = Math.max(0, logged - seen.length)
  for (const [i, event] of seen.entries()) if (event !== String(i + 1)) count++
  return count
}

function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<import('node:http').IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = get(url, { agent: false, headers, timeout: answerMs }, resolve)
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerMs} ms`)))
    asked.on('error', reject)
  })
}

function report(failures: Record<Name, Tried[]>): Outcome {
  const sum = (name: Name): Tried => ({
    tried: failures[name].reduce((total, { tried }) => total + tried, 0),
    failed: failures[name].reduce((total, { failed }) => total + failed, 0),
  })
  const control = sum('long-poll with a session (control)')
  const without = judgeFailure(sum('SSE with resume'), control)
  return {
    findings: [
      {
        said: 'WebSockets need sticky sessions: on a different server the handshake fails',
        ...judgeFailure(sum('WebSocket'), control),
      },
      {
        said: 'SSE can be load-balanced without sticky sessions; any server can handle the stream',
        // The experiment refutes a failure: what is said is that there is none.
        ...without,
        verdict:
          without.verdict === 'refuted'
            ? 'confirmed'
            : without.verdict === 'confirmed'
              ? 'refuted'
              : without.verdict,
        because: `${without.because}, with a log that both servers read`,
      },
    ],
    table: {
      head: ['', 'tried', 'failed', 'failed, % (range of the rounds)'],
      rows: (Object.keys(failures) as Name[]).map((name) => {
        const { tried, failed } = sum(name)
        return [name, String(tried), String(failed), share(failures[name])]
      }),
    },
    chart: {
      title: 'Failed without stickiness',
      unit: '% of what was tried; less is better',
      bars: (Object.keys(failures) as Name[]).map((title) => ({
        title,
        side: title === 'WebSocket' ? 'websocket' : title === 'SSE with resume' ? 'sse' : 'other',
        value: rangeOf(failures[title].map(percent)),
      })),
    },
    remarks: [
      'The control is what Socket.IO’s and SockJS’s polling do; with WebSocket alone neither needs stickiness. A broadcast needs a shared bus on several servers, on any transport: here the log that both are told of.',
    ],
  }
}

function percent({ tried, failed }: Tried): number {
  return tried === 0 ? 0 : (failed * 100) / tried
}

function share(all: readonly Tried[]): string {
  const { lowest, highest } = rangeOf(all.map(percent))
  return lowest === highest ? `${lowest.toFixed(0)}` : `${lowest.toFixed(0)} to ${highest.toFixed(0)}`
}
