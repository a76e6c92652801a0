import { open } from 'node:fs/promises'
import { UsageError } from './errors.ts'
import type { Terminal } from './terminal.ts'

/** More than any key or token has, in bytes. */
const longest = 16 * 1024

/**
 * Reads a secret that stands alone in a file, without the white space around it. Warns on standard error when others on
 * this machine may read the file too. `what` names it in messages, which never show it: `token`, `key`. Throws
 * `UsageError` on a file that cannot be read or holds no secret.
 */
export async function readSecretFile(path: string, what: string, terminal: Terminal): Promise<string> {
  const { text, isOpen } = await read(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`The file ${path} cannot be read: ${error.code ?? error.message}.`)
  })
  if (isOpen) {
    const cure = `chmod 600 ${path}`
    terminal.note(terminal.noteStyle('yellow', `${path} can be read by others on this machine: ${cure}`))
  }
  if (text === undefined) throw new UsageError(`The file ${path} is too large to hold a ${what} alone.`)
  return text.trim()
}

async function read(path: string): Promise<{ text: string | undefined; isOpen: boolean }> {
  const file = await open(path)
  try {
    // Of the file that was opened, not of the path, which may lead elsewhere a moment later.
    const { mode, size } = await file.stat()
    const isOpen = process.platform !== 'win32' && (mode & 0o044) !== 0
    return { text: size > longest ? undefined : await file.readFile('utf8'), isOpen }
  } finally {
    await file.close()
  }
}
