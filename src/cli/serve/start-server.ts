import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServeConfig } from '../../config/index.ts'
import { isFairleadError } from '../../protocol/index.ts'
import { createServer, type FairleadServer } from '../../server/create-server.ts'
import { jsonLogger, textLogger } from '../../server/line-loggers.ts'
import { type Listening, notFound } from '../../server/listen.ts'
import type { ServerOptions } from '../../server/options.ts'
import { CommandError, PortInUseError } from '../errors.ts'
import { createPage } from './page.ts'

/** A server that listens. */
export interface RunningServer {
  /** Without a slash at its end: `http://localhost:8080`. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts what the configuration says, with `parts` in the place of its own. Throws `CommandError` when it cannot listen
 * there, or the log cannot be opened.
 */
export async function startServer(
  config: ServeConfig,
  parts: Pick<ServerOptions, 'log' | 'presence' | 'onError'> = {},
): Promise<RunningServer> {
  const { port, host, workers: _, logFormat: __, ...options } = config
  await config.tokens?.ready.catch((error: Error) => {
    throw new CommandError(error.message)
  })
  const server = made({ ...options, ...lines(config), ...parts })
  const otherwise = config.dev ? pageOr(notFound, config.base) : undefined
  try {
    const url = await listenOn(server, port, host, otherwise)
    return { url, close: () => server.close() }
  } catch (error) {
    await server.close()
    throw asCommandError(error, port, host)
  }
}

function made(options: ServerOptions): FairleadServer {
  try {
    return createServer(options)
  } catch (error) {
    throw error instanceof TypeError ? new CommandError(error.message) : error
  }
}

/** Development mode speaks by its banner: lines come only when they are asked for. */
function lines({ dev, logFormat }: ServeConfig): Pick<ServerOptions, 'logger'> {
  if (logFormat === 'json') return { logger: jsonLogger() }
  return dev && logFormat === undefined ? {} : { logger: textLogger() }
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function listenOn(
  server: FairleadServer,
  port: number,
  host: string,
  otherwise: Handler | undefined,
): Promise<string> {
  if (host !== 'localhost') return (await server.listen({ port, host, otherwise })).url
  // `localhost` is looked up as either address, by whatever order the asker's system has: both must be ours.
  const first = await server.listen({ port, host: '127.0.0.1', otherwise })
  const second = await server
    .listen({ port: first.port, host: '::1', otherwise })
    .catch((error: NodeJS.ErrnoException) => withoutIpv6(error, port))
  return second ? `http://localhost:${first.port}` : first.url
}

/** A machine without IPv6 has one address; a free port may be taken on the other one, and is not for us to free. */
function withoutIpv6(error: NodeJS.ErrnoException, port: number): Listening | undefined {
  const absent = error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT'
  if (absent || (port === 0 && error.code === 'EADDRINUSE')) return undefined
  throw error
}

function pageOr(next: Handler, base: string): Handler {
  const { body, headers } = createPage(base)
  return (request, response) => {
    const read = request.method === 'GET' || request.method === 'HEAD'
    if (!read || !/^\/(?:\?|$)/.test(request.url ?? '')) return next(request, response)
    response.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) })
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

/** What a start failed with, in words. What is no refusal of ours comes back as it is: its place is worth knowing. */
export function asCommandError(error: unknown, port: number, host: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new PortInUseError(
        `Port ${port} on ${host} is in use. Take another with --port N; 0 is any free one.`,
      )
    case 'EACCES':
      return new CommandError(`Port ${port} may not be used by this user. Take one from 1024 with --port N.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CommandError(`${host} is no address of this machine.`)
    default:
      // Of a log: out of reach, damaged, of a newer format, a package that is missing.
      return isFairleadError(error) || error instanceof TypeError ? new CommandError(error.message) : error
  }
}
