import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { conformanceChannels, runServerCase, serverCases } from '../../src/testing/index.ts'

/** What is about events, also where no package has a write loop, and where there is none at all. */
const about = ['reading', 'reset', 'unkept', 'denied']

describe.each(['plain', 'none'])('a server with FAIRLEAD_WRITE_LOOP=%s', (loop) => {
  let close: () => Promise<void>
  let url = ''

  beforeAll(async () => {
    process.env.FAIRLEAD_WRITE_LOOP = loop
    const server = createServer({ dev: true, channels: conformanceChannels, heartbeatMs: 1500, pingMs: 1500 })
    close = () => server.close()
    url = (await server.listen({ port: 0 })).url
  })

  afterAll(async () => {
    delete process.env.FAIRLEAD_WRITE_LOOP
    await close()
  })

  for (const one of serverCases.filter(({ id }) => about.includes(id.split('/')[0]!))) {
    it(`${one.id}: ${one.title}`, { timeout: 30_000 }, async () => {
      const result = await runServerCase(url, one, { declared: true })
      if (result.outcome === 'failed') throw result.error
      expect(result.outcome, result.reason).toBe('passed')
    })
  }
})
