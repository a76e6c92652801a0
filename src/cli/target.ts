import { redact } from '../access/redact.ts'
import { FairleadError, parseChannelName } from '../protocol/index.ts'
import { CommandError, TemporaryError, UsageError } from './errors.ts'

/** Reads the URL that a command was given; `http://` may be left out, `ws://` is taken as `http://`. */
export function parseUrl(text: string): URL {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text.replace(/^ws(s?):/i, 'http$1:') : `http://${text}`
  if (URL.canParse(full)) {
    const url = new URL(full)
    if (url.protocol === 'http:' || url.protocol === 'https:') return url
  }
  throw new UsageError(`"${redact(text)}" is no URL of a server, such as http://localhost:8080/live.`)
}

/**
 * The URL of a channel under the base URL of a server; an origin alone stands for its default base path. Throws
 * `UsageError` on a name that cannot be one.
 */
export function channelUrl(base: URL, channel: string): URL {
  const url = new URL(base)
  const path = url.pathname === '/' ? '/live' : url.pathname.replace(/\/+$/, '')
  url.pathname = `${path}/${checkedName(channel)}`
  url.search = ''
  url.hash = ''
  return url
}

function checkedName(channel: string): string {
  try {
    return parseChannelName(channel)
  } catch (error) {
    if (error instanceof FairleadError) throw new UsageError(error.message)
    throw error
  }
}

/** An answer that is no success, in words: the server's code and detail, and what to try. */
export function refusal(url: URL, status: number, body: string): CommandError {
  const said = problemOf(body)
  const message = `${url.host} answered ${status}${said}.${hint(status)}`
  return status === 408 || status === 429 || status >= 500
    ? new TemporaryError(message)
    : new CommandError(message)
}

function problemOf(body: string): string {
  try {
    const { code, detail } = JSON.parse(body) as { code?: unknown; detail?: unknown }
    if (typeof code === 'string')
      return ` ${code}${typeof detail === 'string' ? `: ${detail.replace(/\.$/, '')}` : ''}`
  } catch {
    // No problem+json: some other server, or a proxy between.
  }
  return ''
}

function hint(status: number): string {
  if (status === 401)
    return ' Give a token in FAIRLEAD_TOKEN, or in a file with --token-file. "fairlead token" makes one.'
  if (status === 404) return ' Is the base path right? Without configuration it is /live.'
  return ''
}

/** A request that reached nobody, in words. Other errors come back as they are. */
export function unreachable(url: URL, error: unknown): unknown {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  switch (code) {
    case undefined:
      return error
    case 'ECONNREFUSED':
      return new TemporaryError(`Nothing listens at ${url.origin}. "fairlead serve" starts a server.`)
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new TemporaryError(`There is no host ${url.hostname}, or its name cannot be looked up now.`)
    default:
      return new TemporaryError(`The connection to ${url.origin} failed: ${code}.`)
  }
}
