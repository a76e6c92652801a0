import { randomBytes } from 'node:crypto'
import { parseSecret } from '../../access/secret.ts'
import { type Arguments, textFlag } from '../command.ts'
import { UsageError } from '../errors.ts'
import { readSecretFile } from '../secret-file.ts'
import type { Terminal } from '../terminal.ts'

/** As long as the hash of HS256 (RFC 7518, section 3.2). */
const bits = 256

/** A fresh key of 256 bits, as text that fits a file, an environment variable and `keys[].secret` alike. */
export function newKey(): string {
  for (;;) {
    const key = randomBytes(bits / 8).toString('base64url')
    // Chance writes a word of a tutorial once in a million keys; such a key would be refused.
    if (isStrong(key)) return key
  }
}

/**
 * The key of `--key-file`, else of FAIRLEAD_TOKEN_KEY, whose text is the key as `keys[].secret` has it. Throws
 * `UsageError`, without showing it, on none and on one that could be guessed.
 */
export async function readKey(args: Arguments, terminal: Terminal): Promise<Uint8Array> {
  const path = textFlag(args, 'key-file')
  const text =
    path === undefined ? terminal.env.FAIRLEAD_TOKEN_KEY?.trim() : await readSecretFile(path, 'key', terminal)
  if (text === undefined || (text === '' && path === undefined)) {
    throw new UsageError(
      'There is no key to sign with. Give --key-file FILE, or FAIRLEAD_TOKEN_KEY; "fairlead token --new-key > token.key" makes one.',
    )
  }
  try {
    return parseSecret(text, { option: path ?? 'FAIRLEAD_TOKEN_KEY', bits })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function isStrong(key: string): boolean {
  try {
    return parseSecret(key, { option: 'key', bits }).length > 0
  } catch {
    return false
  }
}
