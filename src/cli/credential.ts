import { isLocalHost } from '../access/origin.ts'
import { type Arguments, textFlag } from './command.ts'
import { CommandError, TemporaryError, UsageError } from './errors.ts'
import { readSecretFile } from './secret-file.ts'
import type { Terminal } from './terminal.ts'

/** The flag that says who asks. */
export const tokenFileFlag = {
  type: 'string',
  placeholder: 'FILE',
  description: 'Say who asks: a file with a token. Environment: FAIRLEAD_TOKEN holds the token itself',
} as const

/** A token in the command line stands in every list of processes and in the shell's history. */
export const refusedToken = {
  token:
    'everyone on this machine can read a command line, and shells remember it. Put the token in FAIRLEAD_TOKEN, or in a file: --token-file FILE.',
} as const

/** Who asks, and how to keep it to oneself. */
export interface Credential {
  /** For requests and upgrades; the token never stands in a URL. */
  readonly headers: Readonly<Record<string, string>>
  /** A text without the token, should a server have repeated it. */
  hide(text: string): string
}

/**
 * The token of `--token-file`, else of FAIRLEAD_TOKEN; without either nobody asks. Warns when it would go over the
 * network in the clear. Throws `UsageError` on what can be no token, without showing it.
 */
export async function readCredential(args: Arguments, url: URL, terminal: Terminal): Promise<Credential> {
  const path = textFlag(args, 'token-file')
  const token =
    path === undefined
      ? terminal.env.FAIRLEAD_TOKEN?.trim() || undefined
      : await readSecretFile(path, 'token', terminal)
  if (token === undefined) return { headers: {}, hide: (text) => text }
  if (!/^[\x21-\x7e]{1,16384}$/.test(token))
    throw new UsageError(`${path ?? 'FAIRLEAD_TOKEN'} holds no token: one line without spaces is expected.`)
  if (url.protocol === 'http:' && !isLocalHost(url.hostname)) {
    const warning = `${url.protocol}// carries the token to ${url.hostname} in the clear: use https://.`
    terminal.note(terminal.noteStyle('yellow', warning))
  }
  return {
    headers: { authorization: `Bearer ${token}` },
    hide: (text) => text.replaceAll(token, '[the token]'),
  }
}

/** Does something with a credential; what it fails with does not show it. */
export async function hiding<T>({ hide }: Credential, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error instanceof UsageError) throw new UsageError(hide(error.message))
    if (error instanceof TemporaryError) throw new TemporaryError(hide(error.message))
    throw new CommandError(hide(error instanceof CommandError ? error.message : `${error.stack ?? error}`))
  }
}
