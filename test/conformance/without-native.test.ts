import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { conformanceChannels, runServerCase, serverCases } from '../../src/testing/index.ts'

/** What is about events, against a server that writes to each socket by itself: as where no package has a write loop. */
const about = ['reading', 'reset', 'unkept', 'denied']

process.env.FAIRLEAD_NATIVE = '0'
const server = createServer({ dev: true, channels: conformanceChannels, heartbeatMs: 1500, pingMs: 1500 })
let url = ''

beforeAll(async () => {
  url = (await server.listen({ port: 0 })).url
})

afterAll(async () => {
  await server.close()
  delete process.env.FAIRLEAD_NATIVE
})

describe('a server without the native write loop', () => {
  for (const one of serverCases.filter(({ id }) => about.includes(id.split('/')[0]!))) {
    it(`${one.id}: ${one.title}`, { timeout: 30_000 }, async () => {
      const result = await runServerCase(url, one, { declared: true })
      if (result.outcome === 'failed') throw result.error
      expect(result.outcome, result.reason).toBe('passed')
    })
  }
})
