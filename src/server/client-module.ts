import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { FairleadError } from '../protocol/index.ts'

/** The client as one ES module, for pages without a bundler. */
export interface ClientModule {
  readonly body: Buffer
  readonly etag: string
}

/** Beside the built server, or in the build when the server runs from its sources. */
const places = ['../client.min.js', '../../dist/client.min.js']

let loaded: Promise<ClientModule> | undefined

/** Reads the built client, once. Throws `not_found` when there is no build. */
export function clientModule(): Promise<ClientModule> {
  loaded ??= load().catch((error: unknown) => {
    loaded = undefined
    throw error
  })
  return loaded
}

async function load(): Promise<ClientModule> {
  for (const place of places) {
    const body = await readFile(new URL(place, import.meta.url)).catch(() => undefined)
    if (body) return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` }
  }
  throw new FairleadError('not_found', 'The client was not built: run npm run build.')
}
