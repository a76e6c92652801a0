import {
  FairleadError,
  type Identity,
  isFairleadError,
  type ServerOptions,
  type Tokens,
  tokens,
} from 'fairlead'
import { SignJWT } from 'jose'
import { CustomerSessions, readCookie, writeCookie } from './cookies.ts'
import { isOperator, type Person } from './people.ts'

/** What says who sent a request. */
export interface Carriers {
  readonly authorization?: string | undefined
  readonly cookie?: string | undefined
}

/** An operator who is signed in. */
export interface SignedIn {
  readonly name: string
  /** In milliseconds since the epoch. */
  readonly expiresAt: number
}

/** Who may come in, and how they say who they are. */
export interface Access {
  /** Whether anybody is asked at all. */
  readonly secure: boolean
  /** What Fairlead is told. */
  readonly options: Pick<ServerOptions, 'dev' | 'tokens' | 'authenticate'>
  /** Who sent a request to the shop's own API; `null` is nobody. Throws `invalid_token` on a wrong bearer token. */
  identify(carriers: Carriers): Promise<Identity | null>
  /** Makes a customer of whoever has just come in. `undefined`: nobody is asked. */
  admit(): { customer: string; cookie: string } | undefined
  /** Trades an operator's token for a cookie. Throws `invalid_token` on one that is not good, or no operator's. */
  signIn(token: string): Promise<SignedIn & { cookie: string }>
  /** The operator whose cookie it is. */
  signedIn(carriers: Carriers): Promise<SignedIn | undefined>
  /** The cookie that ends a sign-in in the browser. */
  readonly signOut: string
}

const customerCookie = 'halyard_customer'
const operatorCookie = 'halyard_operator'

/** Below this path alone the operator's cookie is sent: what the storefront asks for stays a customer's. */
const operatorPath = '/dashboard'
const signOut = writeCookie(operatorCookie, '', { path: operatorPath, sameSite: 'Strict', seconds: 0 })

/** Development mode: everyone on this machine may do everything. */
export const openAccess: Access = {
  secure: false,
  options: { dev: true },
  identify: async () => ({ admin: true }),
  admit: () => undefined,
  signIn: () =>
    Promise.reject(new FairleadError('bad_request', 'Nobody signs in to a shop in development mode.')),
  signedIn: async () => undefined,
  signOut,
}

/**
 * The shop in earnest: customers are known by a signed cookie, operators by a token that says `role: operator`. `key`
 * signs both, and is the same on every server of the shop. Throws `Error` on a key that is weak.
 */
export function secureAccess(key: string): Access {
  const verifier = verifierOf(key)
  const sessions = new CustomerSessions(key)

  async function fromCookies({ cookie }: Carriers): Promise<Person | null> {
    const customer = sessions.read(readCookie(cookie, customerCookie))
    const operator = await operatorOf(verifier, readCookie(cookie, operatorCookie))
    if (!operator) return customer === undefined ? null : { id: customer, customer }
    return { ...operator, customer }
  }

  return {
    secure: true,
    options: { dev: false, tokens: verifier, authenticate: ({ headers }) => fromCookies(headers) },
    async identify(carriers) {
      const token = /^Bearer +([^ ]+)$/i.exec(carriers.authorization ?? '')?.[1]
      return token === undefined ? fromCookies(carriers) : holderOf(verifier, token)
    },
    admit() {
      const { customer, value } = sessions.open()
      return { customer, cookie: writeCookie(customerCookie, value, { path: '/', sameSite: 'Lax' }) }
    },
    async signIn(token) {
      const who = await holderOf(verifier, token)
      if (!isOperator(who)) throw new FairleadError('invalid_token', 'This token is no operator’s.')
      const seconds = Math.floor((who.expiresAt - Date.now()) / 1000)
      const cookie = writeCookie(operatorCookie, token, { path: operatorPath, sameSite: 'Strict', seconds })
      return { name: who.id ?? 'operator', expiresAt: who.expiresAt, cookie }
    },
    async signedIn({ cookie }) {
      const who = await operatorOf(verifier, readCookie(cookie, operatorCookie))
      return who && { name: who.id ?? 'operator', expiresAt: who.expiresAt }
    },
    signOut,
  }
}

/** A token for an operator, as `fairlead token --claim role=operator` makes it. */
export function operatorToken(key: string, name: string, seconds: number): Promise<string> {
  return new SignJWT({ role: 'operator' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(name)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
    .sign(new TextEncoder().encode(key))
}

function verifierOf(key: string): Tokens {
  try {
    return tokens({ keys: [{ alg: 'HS256', secret: key }] })
  } catch (error) {
    // The option has another name here; what is wrong with the key does not show it.
    throw new Error(
      error instanceof Error ? error.message.replace('keys[0].secret', "The shop's key") : `${error}`,
    )
  }
}

type Holder = Person & { expiresAt: number }

async function holderOf(verifier: Tokens, token: string): Promise<Holder> {
  const { sub, admin, claims, expiresAt, issuedAt } = await verifier.verify(token)
  // Without the leeway between clocks: the shop's own clock signed it, or that of a server beside it.
  if (expiresAt <= Date.now())
    throw new FairleadError('invalid_token', 'The token has expired: get a new one.')
  return { id: sub, admin, claims, expiresAt, issuedAt }
}

/** A cookie that is not good any more is nobody's, and no error: its reader did not choose to send it. */
async function operatorOf(verifier: Tokens, token: string | undefined): Promise<Holder | undefined> {
  if (token === undefined) return undefined
  try {
    const who = await holderOf(verifier, token)
    return isOperator(who) ? who : undefined
  } catch (error) {
    if (isFairleadError(error)) return undefined
    throw error
  }
}
