import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { within } from '../../src/testing/wire/inbox.ts'

/** `fairlead serve`, as it is run in earnest. */
export interface Served {
  /** Without a path. */
  readonly url: string
  signal(name: NodeJS.Signals): void
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>
}

/** How long its handler takes for a send, in milliseconds. */
export const handlerMs = 3_000

const config = `export default {
  channels: {
    'feed/*': { read: 'public', send: 'public' },
    'handled/*': {
      read: 'public',
      send: 'public',
      onSend: async (send) => {
        await new Promise((resolve) => setTimeout(resolve, ${handlerMs}))
        await send.publish()
      },
    },
  },
}
`

/** Starts it on a log in `folder`, with the configuration above. */
export async function startServed(folder: string): Promise<Served> {
  const file = join(folder, 'fairlead.config.mjs')
  writeFileSync(file, config)
  const main = fileURLToPath(new URL('../cli/entry.ts', import.meta.url))
  const args = [
    '--import',
    'tsx',
    main,
    'serve',
    file,
    '--port',
    '0',
    '--json',
    '--log',
    `lmdb:${join(folder, 'log')}`,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | string)
  let said = ''
  const listening = new Promise<string>((resolve) => {
    child.stdout!.on('data', (chunk) => {
      said += chunk
      const line = said.split('\n').find((text) => text.startsWith('{') && text.endsWith('}'))
      if (line) resolve((JSON.parse(line) as { url: string }).url)
    })
  })
  const over = ended.then((how) => Promise.reject(new Error(`fairlead serve ended with ${how}: ${said}`)))
  over.catch(() => {})
  const url = await within('fairlead serve', Promise.race([listening, over]))
  return { url, signal: (name) => void child.kill(name), ended }
}
