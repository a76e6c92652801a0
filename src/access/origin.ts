import { FairleadError } from '../protocol/index.ts'

/** What is known of a request's origin. */
export interface OriginRequest {
  readonly origin: string | undefined
  readonly host: string | undefined
  /** As it is known: `https` where this server or a proxy that it trusts speaks TLS. @default unknown */
  readonly scheme?: 'http' | 'https' | undefined
  readonly cookie: boolean
  readonly fetchSite: string | undefined
  /** A POST or an upgrade; a GET otherwise. */
  readonly writes: boolean
}

/** Which origins a policy lets in. */
export interface OriginPolicyOptions {
  /** Origins besides the server's own host, such as `https://app.example.com`; `*` is every one. */
  readonly origins: readonly string[]
  /** Development mode: only pages of this machine, and nothing else however it reads. */
  readonly localOnly: boolean
}

const form = /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/

/**
 * Decides by exact match which pages may talk to this server (RFC 6454; PROTOCOL.md, sections 7 and 9). Any web page
 * can send requests to any address that its reader's browser can reach, this machine's own included.
 */
export class OriginPolicy {
  readonly #origins: ReadonlySet<string>
  readonly #localOnly: boolean

  constructor({ origins, localOnly }: OriginPolicyOptions) {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()))
    this.#localOnly = localOnly
  }

  /** Whether a page of this origin may read the answer: then it gets the CORS headers. */
  allows(origin: string, host: string | undefined, scheme?: 'http' | 'https'): boolean {
    const match = form.exec(origin)
    if (!match) return false
    if (this.#localOnly) return isLocalHost(match[1]!)
    if (this.#origins.has('*') || this.#origins.has(origin.toLowerCase())) return true
    // A page without TLS may be anybody's between here and its reader. The other way round says nothing: a proxy that is
    // not trusted may have spoken TLS.
    if (scheme === 'https' && origin.toLowerCase().startsWith('http:')) return false
    return origin.slice(origin.indexOf('//') + 2).toLowerCase() === host?.toLowerCase()
  }

  /** Throws `origin_not_allowed` on a request that a foreign page made, or may have made. */
  assert(request: OriginRequest): void {
    const { origin, host, scheme, cookie, fetchSite, writes } = request
    if (origin !== undefined) {
      if (this.allows(origin, host, scheme)) return
      // A foreign page's GET without a cookie is nobody's in particular; without CORS headers it cannot be read.
      if (!writes && !cookie && !this.#localOnly) return
    } else if (!cookie || !(writes || fetchSite === 'cross-site')) {
      return
    }
    throw new FairleadError(
      'origin_not_allowed',
      'Pages of this origin may not use this server: add it to `origins`.',
    )
  }
}

/** Whether a host name means this machine alone. */
export function isLocalHost(host: string): boolean {
  const name = host.toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') || name === '127.0.0.1' || name === '[::1]'
}
