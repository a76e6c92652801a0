import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Who can be measured. */
export type SubjectName =
  | 'fairlead'
  | 'floor'
  | 'ws'
  | 'http'
  | 'socket.io'
  | 'uwebsockets'
  | 'nchan'
  | 'centrifugo'

/** What the subscribers speak. */
export type Transport = 'websocket' | 'sse'

/** What is told to a server when it starts. */
export interface Told {
  readonly transport: Transport
  /** Events are compressed, for readers that take it. */
  readonly compress?: boolean
  /** Of ours: `false` leaves its optional package out, the native write loop. */
  readonly native?: false
  /** Of ours: so many workers of a cluster share one log, that of their primary. */
  readonly workers?: number
}

/** How the load program opens one connection; `{i}` is the channel's number. The names are those of `load.c`. */
export interface Opening {
  readonly request: string
  readonly hello?: string
  readonly ready?: string
}

/** One server that can be measured. */
export interface Subject {
  readonly name: SubjectName
  /** As tables and charts call it. */
  readonly title: string
  /** The program and its arguments; `undefined` when it is started by `external.ts`. */
  readonly command: ((told: Told) => readonly string[]) | undefined
  /** Why it cannot be measured on this machine, in a sentence that says what to do; `undefined` when it can. */
  readonly missing: () => string | undefined
  readonly opening: (transport: Transport) => Opening
  /** How it is told to publish: the control line of `control.mjs`, or its own HTTP API. */
  readonly publish: 'control' | 'nchan' | 'centrifugo'
}

/** Where `npm run bench -- --setup` puts what is no part of the repository. */
export const peersFolder = fileURLToPath(new URL('../.peers/', import.meta.url))

const here = (path: string): string => fileURLToPath(new URL(`../peers/${path}`, import.meta.url))
const node =
  (file: string) =>
  (told: Told): string[] => [process.execPath, here(file), JSON.stringify(told)]
const present = (): undefined => undefined
const setup = '`npm run bench -- --setup` makes it ready'

/** A file that must be there. */
function needs(path: string, what: string): () => string | undefined {
  return () => (existsSync(path) ? undefined : `${what} is not there: ${setup}`)
}

/** The head of a WebSocket's request. The key is the one of RFC 6455, section 1.3. */
export function upgrade(path: string, more = ''): string {
  return (
    `GET ${path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n${more}\\r\\n`
  )
}

/** The head of a request for a stream. */
function get(path: string, more = ''): string {
  return `GET ${path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nAccept: text/event-stream\\r\\n${more}\\r\\n`
}

const deflate =
  'Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_no_context_takeover\\r\\n'

/** The same opening, by a reader that takes compressed events. Nothing of the first message is looked for: it may be compressed. */
export function compressed({ request }: Opening): Opening {
  const asks = request.includes('Upgrade') ? deflate : 'Accept-Encoding: gzip\\r\\n'
  return { request: request.replace(/\\r\\n$/, `${asks}\\r\\n`) }
}

const plain = (transport: Transport): Opening => ({
  request: transport === 'sse' ? get('/c/{i}') : upgrade('/c/{i}'),
  ready: transport === 'sse' ? ': hello' : '',
})

/** Ours reads a position and a heartbeat first, so a connection counts as open when its subscription stands. */
function ours(transport: Transport): Opening {
  return transport === 'sse'
    ? { request: get('/live/c/{i}'), ready: '$heartbeat' }
    : { request: upgrade('/live/c/{i}'), ready: '"op":"heartbeat"' }
}

/** Nchan's Debian package, whose module nginx loads by a path. */
export const nchanModule = '/usr/lib/nginx/modules/ngx_nchan_module.so'
/** Built from its Go module. */
export const centrifugoBinary = `${peersFolder}bin/centrifugo`

/** Every subject, by name. */
export const subjects: Readonly<Record<SubjectName, Subject>> = {
  fairlead: {
    name: 'fairlead',
    title: 'Fairlead',
    command: (told) => node(told.workers ? 'fairlead-workers.mjs' : 'fairlead.mjs')(told),
    missing: present,
    opening: ours,
    publish: 'control',
  },
  floor: {
    name: 'floor',
    title: 'C, one send() a subscriber',
    command: () => [`${peersFolder}floor`],
    missing: needs(`${peersFolder}floor`, 'The floor (bench/peers/floor.c)'),
    opening: (_transport) => ({ request: upgrade('/c/{i}') }),
    publish: 'control',
  },
  ws: {
    name: 'ws',
    title: 'bare ws',
    command: node('ws.mjs'),
    missing: present,
    opening: plain,
    publish: 'control',
  },
  http: {
    name: 'http',
    title: 'bare node:http',
    command: node('http.mjs'),
    missing: present,
    opening: plain,
    publish: 'control',
  },
  'socket.io': {
    name: 'socket.io',
    title: 'Socket.IO',
    command: node('socket-io.mjs'),
    missing: present,
    opening: () => ({
      request: upgrade('/socket.io/?EIO=4&transport=websocket'),
      hello: '40{"channel":"{i}"}',
      ready: '40{"sid"',
    }),
    publish: 'control',
  },
  uwebsockets: {
    name: 'uwebsockets',
    title: 'uWebSockets.js 20.30 (2023 build)',
    command: node('uws.mjs'),
    missing: needs(`${peersFolder}node_modules/@trufflesuite/uws-js-unofficial`, 'uWebSockets.js'),
    opening: () => ({ request: upgrade('/c/{i}') }),
    publish: 'control',
  },
  nchan: {
    name: 'nchan',
    title: 'Nchan (nginx)',
    command: undefined,
    missing: () =>
      existsSync(nchanModule) ? undefined : 'Nchan is not there: `apt-get install libnginx-mod-nchan`',
    opening: (transport) => ({ request: transport === 'sse' ? get('/c/{i}') : upgrade('/c/{i}') }),
    publish: 'nchan',
  },
  centrifugo: {
    name: 'centrifugo',
    title: 'Centrifugo',
    command: undefined,
    missing: needs(centrifugoBinary, 'Centrifugo'),
    opening: () => ({
      request: upgrade('/connection/websocket'),
      hello: '{"id":1,"connect":{}}\\n{"id":2,"subscribe":{"channel":"c{i}"}}',
      ready: '"subscribe"',
    }),
    publish: 'centrifugo',
  },
}
