/** What a bad request is made of: a place on the server under test that no other case uses. */
export interface Place {
  /** Of the server, for the `Host` header. */
  readonly host: string
  /** The base path, such as `/live`. */
  readonly base: string
  readonly channel: string
}

/** One bad request. */
export interface BadRequest {
  readonly row: number
  readonly name: string
  /** The bytes, as Latin-1. */
  bytes(place: Place): string
  readonly status: number
  /** The code in the body; absent where Node's own parser answers before anyone else can. */
  readonly code?: string | undefined
  /** Headers that the answer must have; a name alone stands for any value. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The server ends the connection. */
  readonly closes?: boolean | undefined
}

type Lines = readonly string[]

/** A request with a correct `Host` and length; BASE, CHANNEL and HOST stand for those of the place. */
export function request(method: string, path: string, lines: Lines = [], body = ''): BadRequest['bytes'] {
  return ({ host, base, channel }) => {
    const fill = (text: string): string =>
      text.replaceAll('BASE', base).replaceAll('CHANNEL', channel).replaceAll('HOST', host)
    const own = lines.some((line) => /^host:/i.test(line)) ? [] : [`Host: ${host}`]
    const length = body === '' ? [] : [`Content-Length: ${body.length}`]
    const head = [`${method} ${fill(path)} HTTP/1.1`, ...own, ...length, ...lines.map(fill)]
    return `${head.join('\r\n')}\r\n\r\n${body}`
  }
}

/** A GET of the place's channel. */
export const get = (lines: Lines = [], query = ''): BadRequest['bytes'] =>
  request('GET', `BASE/CHANNEL${query}`, lines)

/** The header of a JSON body. */
export const json = 'Content-Type: application/json'

/** A POST to the place's channel. */
export const post = (body: string, lines: Lines = [json], query = ''): BadRequest['bytes'] =>
  request('POST', `BASE/CHANNEL${query}`, lines, body)

/** The headers of a correct upgrade. */
export const upgradeLines: Lines = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** An upgrade of the place's channel with these headers in place of its own; one ending in `:` is taken away. */
export function upgrade(lines: Lines, method = 'GET'): BadRequest['bytes'] {
  const names = new Set(lines.map((line) => line.slice(0, line.indexOf(':'))))
  const kept = upgradeLines.filter((line) => !names.has(line.slice(0, line.indexOf(':'))))
  return request(method, 'BASE/CHANNEL', [...kept, ...lines.filter((line) => !line.endsWith(':'))])
}

/** Bad requests that have one answer, by name. */
export function row(
  number: number,
  answer: Omit<BadRequest, 'row' | 'name' | 'bytes'>,
  inputs: Readonly<Record<string, BadRequest['bytes']>>,
): BadRequest[] {
  return Object.entries(inputs).map(([name, bytes]) => ({ ...answer, row: number, name, bytes }))
}
