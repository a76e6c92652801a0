import { lmdbLog } from '../../src/log/lmdb.ts'

/** Opens logs and reads all that is in them, one after the other as told by the parent. Run by `lmdb-damage.ts`. */

/** To the parent: everything that was read, as text; or why it was not. */
export type DamageReport = { readonly read: string } | { readonly refused: string }

const channels = Array.from({ length: 12 }, (_, i) => `c${i}`)

process.on('disconnect', () => process.exit(0))
process.on('message', (path: string) => {
  readAll(path).then(
    (read) => process.send!({ read } satisfies DamageReport),
    (error: unknown) => process.send!({ refused: String(error) } satisfies DamageReport),
  )
})
process.send!('ready')

async function readAll(path: string): Promise<string> {
  const log = lmdbLog({ path })
  try {
    const pages: unknown[] = []
    for (const channel of channels) {
      const { earliest, last } = await log.channelHead(channel)
      const page = await log.read([{ channel, after: earliest }], { events: 10_000, bytes: 1024 ** 3 })
      pages.push(earliest, last, page.events, page.gaps, page.head)
    }
    return JSON.stringify(pages)
  } finally {
    await log.close()
  }
}
