import { hash } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Reply } from './reply.ts'

/** A script that Redis runs in one step, by the digest of its text. */
export class Script {
  readonly #text: string
  readonly #digest: string

  constructor(text: string) {
    this.#text = text
    this.#digest = hash('sha1', text, 'hex')
  }

  load(redis: Redis): Promise<unknown> {
    return redis.script('LOAD', this.#text)
  }

  /** `key` says to a cluster which slot it is about. */
  run(redis: Redis, key: string, args: readonly (string | Buffer)[]): Promise<readonly Reply[]> {
    return redis.callBuffer('EVALSHA', this.#digest, '1', key, ...args) as Promise<unknown> as Promise<
      readonly Reply[]
    >
  }
}

/** What became of a command that Redis refused. */
export type Refusal = 'unknown-script' | 'full' | 'elsewhere' | 'other'

/** Why Redis answered with an error: nothing was done then. `undefined`: it did not answer. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return undefined
  const { message } = error
  if (message.startsWith('NOSCRIPT')) return 'unknown-script'
  if (/^(-?OOM|ERR .*OOM command not allowed)/.test(message) || message.includes('OOM command')) return 'full'
  // It is no longer the primary of the keys, or not yet ready to be asked.
  if (/^(READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|UNBLOCKED)\b/.test(message))
    return 'elsewhere'
  return 'other'
}
