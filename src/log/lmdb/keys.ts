import { FairleadError } from '../../protocol/index.ts'
import { type KeyedAppend, rememberMs } from '../keyed-append.ts'
import { type FirstAnswer, IdempotencyKeys } from '../memory/keys.ts'
import { damaged } from './damage.ts'
import { seal, unseal } from './format.ts'
import type { Ledger } from './ledger.ts'
import { offsetsEnd } from './store.ts'

/** The length of a digest as text. */
const digest = 44
/** Two digests, and the offset that was answered. */
const entryBytes = 2 * digest + 8
/** Checksum, four bytes of nothing, and the time. */
const headBytes = 16
/** At most so many commits' keys are taken out of the file in one commit. */
const forgottenAtOnce = 64

interface New extends KeyedAppend, FirstAnswer {}

/**
 * The idempotency keys of the last ten minutes: in memory, and in the file in the order of their commits, many to a
 * value, so that a key costs a commit hardly anything. They are read when the log is opened.
 */
export class LastingKeys {
  readonly #ledger: Ledger
  readonly #remembered: IdempotencyKeys
  /** Those of the commit that is being made. */
  readonly #fresh = new Map<string, New>()

  constructor(ledger: Ledger, limit: number) {
    this.#ledger = ledger
    this.#remembered = new IdempotencyKeys(limit)
    for (const { key, value } of ledger.store.keys.getRange({ start: 0, end: offsetsEnd }))
      this.#load(key, value)
  }

  /** The first answer under this key, or `undefined` for a new one. Throws `idempotency_mismatch`. */
  find(keyed: KeyedAppend): FirstAnswer | undefined {
    const fresh = this.#fresh.get(keyed.scope)
    if (fresh === undefined) return this.#remembered.find(keyed)
    if (fresh.fingerprint === keyed.fingerprint) return fresh
    throw new FairleadError('idempotency_mismatch', 'This key was used before, with other content.')
  }

  /** Throws `busy` when one more key would be too many. */
  assertRoom(): void {
    this.#remembered.assertRoom(this.#fresh.size)
  }

  add({ scope, fingerprint }: KeyedAppend, offset: number | null): void {
    this.#fresh.set(scope, { scope, fingerprint, offset })
  }

  /** Adds the keys of this commit to its changes, and takes out some of those whose time is over. */
  write(now: number): void {
    const { store, state, changes } = this.#ledger
    this.#remembered.expire(now)
    if (this.#fresh.size === 0) return
    for (const { key, value } of store.keys.getRange({ start: 0, end: offsetsEnd, limit: forgottenAtOnce })) {
      if (now - unseal(value, key, 'the idempotency keys').readDoubleLE(8) <= rememberMs) break
      changes.remove(store.keys, key)
    }
    changes.put(store.keys, ++state.keys, this.#encode(state.keys, now))
  }

  committed(now: number): void {
    for (const fresh of this.#fresh.values()) this.#remembered.remember(fresh, fresh.offset, now)
    this.#fresh.clear()
  }

  undo(): void {
    this.#fresh.clear()
  }

  #encode(number: number, now: number): Buffer {
    const bytes = Buffer.alloc(headBytes + this.#fresh.size * entryBytes)
    bytes.writeDoubleLE(now, 8)
    let at = headBytes
    for (const { scope, fingerprint, offset } of this.#fresh.values()) {
      bytes.write(scope, at, 'latin1')
      bytes.write(fingerprint, at + digest, 'latin1')
      bytes.writeDoubleLE(offset ?? -1, at + 2 * digest)
      at += entryBytes
    }
    return seal(bytes, number)
  }

  #load(number: number, value: Uint8Array): void {
    const bytes = unseal(value, number, 'the idempotency keys')
    if ((bytes.length - headBytes) % entryBytes !== 0) throw damaged('the idempotency keys')
    const at = bytes.readDoubleLE(8)
    for (let start = headBytes; start < bytes.length; start += entryBytes) {
      const scope = bytes.toString('latin1', start, start + digest)
      const fingerprint = bytes.toString('latin1', start + digest, start + 2 * digest)
      const offset = bytes.readDoubleLE(start + 2 * digest)
      this.#remembered.remember({ scope, fingerprint }, offset === -1 ? null : offset, at)
    }
  }
}
