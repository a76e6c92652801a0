import type { CryptoKey, JSONWebKeySet } from 'jose'
import type { Clock } from '../hub/clock.ts'
import { FairleadError } from '../protocol/index.ts'
import { isLocalHost } from './origin.ts'
import type { TokenHeader } from './token-form.ts'

/** The part of jose that chooses a key out of a set. */
type Jose = Pick<typeof import('jose'), 'createLocalJWKSet' | 'errors'>
type Choose = (header: { alg: string; kid?: string }) => Promise<CryptoKey>

/** How long a provider may take for its keys, in milliseconds. */
const timeoutMs = 5_000
/** A set is not asked for again so soon after it came, in milliseconds, whatever tokens name: or they would be a flood. */
const coolDownMs = 30_000
/** The same after it did not come. */
const failedMs = 5_000
/** After this a set is asked for again when it is next used, in milliseconds: so long a withdrawn key may still count. */
const freshMs = 10 * 60_000
/** So long a set is used while its provider cannot be reached, in milliseconds. */
const usableMs = 60 * 60_000
const setBytes = 256 * 1024
const setKeys = 100

/** What a set of keys needs. */
export interface KeySetOptions {
  readonly url: URL
  readonly clock: Clock
  readonly fetch: typeof fetch
  /** The set is another one: what was verified with keys of the old one is not to be believed any longer. */
  readonly onChange: () => void
  /** The provider could not be asked. */
  readonly onError: (error: Error) => void
}

/** Throws `TypeError` on an address that keys should not be fetched from. */
export function parseKeySetUrl(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocalHost(url.hostname))
  if (url && safe && url.username === '' && url.password === '') return url
  throw new TypeError(`${option}.jwks is an https: URL without a password; http: only on this machine.`)
}

/** A provider's keys, fetched when the first token asks for one and again when they change. */
export class KeySet {
  readonly #options: KeySetOptions
  #choose: Choose | undefined
  #text: string | undefined
  #fresh = false
  #coolingDown = false
  #failed = false
  #fetching: Promise<void> | undefined
  #cancelAges = () => {}

  constructor(options: KeySetOptions) {
    this.#options = options
  }

  /**
   * The one key that a token's header names, out of what is here: `unknown` when another set may have it, `undefined`
   * when more than one is called so. Asks for nothing that it would wait for.
   */
  async known(jose: Jose, { alg, kid }: TokenHeader): Promise<CryptoKey | undefined | 'unknown'> {
    if (!this.#choose) return 'unknown'
    if (!this.#fresh) this.#fetch(jose).catch(() => {}) // The old set will do meanwhile; `onError` was told.
    try {
      return await this.#choose(kid === undefined ? { alg } : { alg, kid })
    } catch (error) {
      return error instanceof jose.errors.JWKSNoMatchingKey ? 'unknown' : undefined
    }
  }

  /** The same after the provider was asked, if it is time to. Throws `unavailable` when it cannot be asked. */
  async find(jose: Jose, header: TokenHeader): Promise<CryptoKey | undefined> {
    // A token that names no key cannot name a new one.
    if (this.#choose && header.kid === undefined) return undefined
    await this.#fetch(jose)
    const key = await this.known(jose, header)
    return key === 'unknown' ? undefined : key
  }

  /** Everyone who needs the set waits for the same request. */
  #fetch(jose: Jose): Promise<void> {
    if (this.#fetching !== undefined) return this.#fetching
    if (this.#coolingDown) return this.#failed ? Promise.reject(unreachable()) : Promise.resolve()
    this.#coolingDown = true
    this.#fetching = this.#load(jose).finally(() => {
      this.#fetching = undefined
      this.#options.clock.after(this.#failed ? failedMs : coolDownMs, () => {
        this.#coolingDown = false
      })
    })
    return this.#fetching
  }

  async #load(jose: Jose): Promise<void> {
    try {
      const text = await this.#request()
      const choose = parseKeySet(jose, text)
      const changed = this.#text !== undefined && this.#text !== text
      this.#text = text
      this.#choose = choose
      this.#failed = false
      this.#restartAges()
      if (changed) this.#options.onChange()
    } catch (error) {
      this.#failed = true
      const reason = error instanceof Error ? error.message : String(error)
      this.#options.onError(new Error(`The keys at ${this.#options.url.host} did not come: ${reason}`))
      throw unreachable()
    }
  }

  #restartAges(): void {
    const { clock, onChange } = this.#options
    this.#cancelAges()
    this.#fresh = true
    const cancels = [
      clock.after(freshMs, () => {
        this.#fresh = false
      }),
      clock.after(usableMs, () => {
        this.#choose = undefined
        onChange()
      }),
    ]
    this.#cancelAges = () => {
      for (const cancel of cancels) cancel()
    }
  }

  async #request(): Promise<string> {
    const { clock, fetch, url } = this.#options
    const aborting = new AbortController()
    const { signal } = aborting
    let cancel = () => {}
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(timeoutMs, () => {
        reject(new Error(`no answer within ${timeoutMs / 1000} s`))
        aborting.abort()
      })
    })
    try {
      // A redirect would let whoever answers there choose whom this server asks.
      const init = { redirect: 'error', signal, headers: { accept: 'application/json' } } as const
      return await Promise.race([fetch(url.href, init).then(readBounded), late])
    } finally {
      cancel()
      aborting.abort()
    }
  }
}

function parseKeySet(jose: Jose, text: string): Choose {
  const set = JSON.parse(text) as JSONWebKeySet
  const choose = jose.createLocalJWKSet(set)
  if (set.keys.length > setKeys) throw new Error(`more than ${setKeys} keys`)
  return choose
}

async function readBounded(response: Response): Promise<string> {
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > setBytes) throw new Error(`more than ${setBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function unreachable(): FairleadError {
  return new FairleadError('unavailable', 'The keys that tokens are verified with cannot be fetched now.')
}
