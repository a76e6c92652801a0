import type { Clock } from './clock.ts'
import { withDeadline } from './deadline.ts'
import { responseEnding } from './ending.ts'

/** A token, or a function that gets one: called again at each connect, and once when the server refuses the token. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>)

/** What of the client's options concerns HTTP. */
export interface EndpointOptions {
  readonly token?: TokenSource
  readonly fetch?: typeof fetch
  readonly headers?: Readonly<Record<string, string>>
  readonly credentials?: RequestCredentials
}

/** Names and values of a query, in order; a name may stand several times. */
export type Query = readonly (readonly [name: string, value: string | number])[]

/** One HTTP request below the base URL. */
export interface EndpointRequest {
  readonly path?: string
  readonly query?: Query
  /** @default 'application/json' */
  readonly accept?: string
  /** Makes it a POST of this JSON text. */
  readonly body?: string
  /** The request outlives the page that makes it. */
  readonly keepalive?: boolean
  readonly signal: AbortSignal
}

/** The server's base URL, and requests below it with the token in use. */
export interface Endpoint {
  /** The URL of a path with a query. */
  url(path: string, query: Query): string
  /** The token last got. */
  token(): Promise<string | undefined>
  /** Gets the token again, where that may bring another one. Rejects with what the function threw. */
  renewToken(): Promise<string | undefined>
  /** Sends a request; after a 401 once more, with a new token. Rejects with an `Ending` when it is refused. */
  fetch(request: EndpointRequest, isAgain?: boolean): Promise<Response>
  /** The same, for an answer that is JSON. */
  json<T>(request: EndpointRequest): Promise<T>
}

/** How long a token function may take. */
const tokenMs = 30_000

/** `base` may be relative to the page's origin, where there is a page. */
export function createEndpoint(base: string, options: EndpointOptions, clock: Clock): Endpoint {
  const { token: source, fetch: send = globalThis.fetch, headers, credentials } = options
  const root = (base.startsWith('/') ? location.origin + base : base).replace(/\/+$/, '')
  let token: Promise<string | undefined> | undefined

  const endpoint: Endpoint = {
    // Not by `URL` and `URLSearchParams`, which React Native has only half of.
    url: (path, query) =>
      root +
      path +
      query.map(([name, value], i) => `${i ? '&' : '?'}${name}=${encodeURIComponent(value)}`).join(''),
    token: () => token ?? endpoint.renewToken(),
    renewToken() {
      const before = token
      const renewed = withDeadline(clock, tokenMs, undefined, () =>
        typeof source === 'function' ? source() : source,
      )
      token = renewed
      // The one before may still be good, and nobody waits for this one.
      renewed.catch(() => {
        if (token === renewed) token = before
      })
      return renewed
    },
    async fetch(request, isAgain) {
      const { path = '', query = [], accept = 'application/json', body, ...init } = request
      const bearer = await endpoint.token()
      const response = await send(endpoint.url(path, query), {
        ...init,
        method: body && 'POST',
        body,
        credentials,
        cache: 'no-store',
        headers: {
          ...headers,
          accept,
          ...(body && { 'content-type': 'application/json' }),
          ...(bearer && { authorization: `Bearer ${bearer}` }),
        },
      })
      if (response.ok) return response
      if (response.status !== 401 || isAgain || typeof source !== 'function')
        throw await responseEnding(response)
      await endpoint.renewToken()
      return endpoint.fetch(request, true)
    },
    json: async (request) => (await endpoint.fetch(request)).json(),
  }
  return endpoint
}
