import { latin1, openLine } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'
import { type Answer, parseAnswer } from './http-case.ts'
import type { ServerName } from './victim.ts'

/** One attack: it is carried out as a whole, and says what came of it. */
export interface Attack {
  readonly row: string
  readonly name: string
  readonly expected: string
  readonly long?: boolean
  readonly alone?: boolean
  run(stage: Stage): Promise<string>
}

/** Makes a case of it. */
export function attackCase({ run, ...attack }: Attack): AbuseCase {
  return { table: 'attack', ways: ['whole'], ...attack, try: run }
}

/** Sends raw bytes and reads the answer, or whatever came before the server ended the connection. */
export async function askBytes(port: number, text: string): Promise<Answer | undefined> {
  const line = openLine(port)
  try {
    await line.send([latin1(text)])
    const enough = (bytes: Buffer): boolean => {
      const answer = parseAnswer(bytes, 0, false)
      return answer !== undefined && (isOpened(answer) || isStream(answer) || hasBody(answer))
    }
    const { bytes, closed } = await line.until(enough)
    return parseAnswer(bytes, 0, closed)
  } finally {
    line.cut()
  }
}

function isOpened({ status }: Answer): boolean {
  return status === 101
}

function isStream({ headers }: Answer): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** One that promises to close is whole only when the connection is. */
function hasBody({ headers, body }: Answer): boolean {
  return headers.get('connection') !== 'close' && body.length >= Number(headers.get('content-length') ?? 0)
}

/** Asks with headers that no client library would send. */
export async function askLines(
  stage: Stage,
  at: ServerName,
  start: string,
  lines: readonly string[],
  body = '',
): Promise<Answer | undefined> {
  const host = lines.some((line) => /^host:/i.test(line)) ? [] : [`Host: 127.0.0.1:${stage.ports[at]}`]
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const head = [`${start} HTTP/1.1`, ...host, ...length, ...lines].join('\r\n')
  return askBytes(stage.ports[at], `${head}\r\n\r\n${body}`)
}

/** The events that stand in a channel of a server. */
export async function eventsOf(
  stage: Stage,
  channel: string,
  at: ServerName = 'dev',
  headers: Record<string, string> = {},
): Promise<{ event: string; data: unknown; tag?: string }[]> {
  const url = `http://127.0.0.1:${stage.ports[at]}/live/${channel}?after=earliest&limit=1000`
  const answer = await fetch(url, { headers })
  return ((await answer.json()) as { events: { event: string; data: unknown; tag?: string }[] }).events
}

/** How many of each thing there were, such as `400 × 3, 403 × 37`. */
export function tally(things: Iterable<string | number | undefined>): string {
  const counts = new Map<string, number>()
  for (const thing of things) counts.set(String(thing), (counts.get(String(thing)) ?? 0) + 1)
  return [...counts]
    .sort()
    .map(([thing, n]) => `${thing} × ${n}`)
    .join(', ')
}
