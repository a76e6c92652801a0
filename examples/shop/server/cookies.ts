import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto'

/** One cookie of a `Cookie` header; the first, where one name stands twice. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  const pairs = header?.split(';').map((pair) => pair.trim()) ?? []
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}

/**
 * A `Set-Cookie`. No script reads it (`HttpOnly`). `Secure` is left off: the shop listens on this machine's loopback
 * alone, over plain http, where not every browser and tool keeps a cookie that is marked so. A shop that is reached
 * over https must add it.
 */
export function writeCookie(
  name: string,
  value: string,
  { path, sameSite, seconds }: { path: string; sameSite: 'Lax' | 'Strict'; seconds?: number },
): string {
  const age = seconds === undefined ? '' : `; Max-Age=${seconds}`
  return `${name}=${value}; Path=${path}; HttpOnly; SameSite=${sameSite}${age}`
}

/** Names of customers that only the shop can have given out: random, and signed. */
export class CustomerSessions {
  readonly #key: Buffer

  /** The key is one of its own, made from the shop's: a signature of one kind is good for no other. */
  constructor(key: string) {
    this.#key = Buffer.from(hkdfSync('sha256', key, '', 'halyard customer 1', 32))
  }

  /** A new customer: the name, and the value of the cookie that proves it. */
  open(): { customer: string; value: string } {
    const customer = randomUUID()
    return { customer, value: `${customer}.${this.#sign(customer)}` }
  }

  /** Whose cookie it is; `undefined` when the shop did not write it with this key. */
  read(value: string | undefined): string | undefined {
    const [, customer, signature] = /^([0-9a-f-]{36})\.([A-Za-z0-9_-]{43})$/.exec(value ?? '') ?? []
    if (customer === undefined || signature === undefined) return undefined
    return timingSafeEqual(Buffer.from(this.#sign(customer)), Buffer.from(signature)) ? customer : undefined
  }

  #sign(customer: string): string {
    return createHmac('sha256', this.#key).update(customer).digest('base64url')
  }
}
