import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface StaticFile {
  readonly path: string
  readonly type: string
}

const publicFolder = fileURLToPath(new URL('../public/', import.meta.url))
const require = createRequire(import.meta.url)
const uplotFolder = dirname(require.resolve('uplot'))

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Every file that is served, by its URL: what is not in the list is not there, so no path can lead elsewhere. */
const files: ReadonlyMap<string, StaticFile> = new Map([
  ...listPublic(),
  ['/', file(join(publicFolder, 'storefront/index.html'))],
  ['/dashboard', file(join(publicFolder, 'dashboard/index.html'))],
  ['/vendor/uplot.js', file(join(uplotFolder, 'uPlot.esm.js'))],
  ['/vendor/uplot.css', file(join(uplotFolder, 'uPlot.min.css'))],
])

const policy = [
  "default-src 'self'",
  "connect-src 'self' ws: wss:",
  "img-src 'self' data:",
  "frame-ancestors 'none'",
  "form-action 'self'",
  "base-uri 'none'",
].join('; ')

/** Answers a GET or HEAD for one of the shop's files. `false`: there is none at this path. */
export function serveStatic(path: string, request: IncomingMessage, response: ServerResponse): boolean {
  const found = files.get(path)
  if (!found || (request.method !== 'GET' && request.method !== 'HEAD')) return false
  const body = readFileSync(found.path)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`
  const headers = {
    'content-type': found.type,
    'cache-control': 'no-cache',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    etag,
  }
  if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end()
  else response.writeHead(200, { ...headers, 'content-length': body.length }).end(body)
  return true
}

function listPublic(): [string, StaticFile][] {
  return readdirSync(publicFolder, { recursive: true, encoding: 'utf8' })
    .filter((name) => types[extname(name)] !== undefined && !name.endsWith('.html'))
    .map((name) => [`/${name.replaceAll('\\', '/')}`, file(join(publicFolder, name))])
}

function file(path: string): StaticFile {
  return { path, type: types[extname(path)]! }
}
