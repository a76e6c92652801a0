import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { conformanceChannels, runServerCase, runServerCases, serverCases } from '../../src/testing/index.ts'

/** The whole suite, over real sockets, against a server on a port of its own. */
const failures: string[] = []
const server = createServer({
  dev: true,
  channels: conformanceChannels,
  heartbeatMs: 1500,
  pingMs: 1500,
  onError: (error, stage) => void failures.push(`${stage}: ${String(error)}`),
})
let url = ''

beforeAll(async () => {
  url = (await server.listen({ port: 0 })).url
})

afterAll(() => server.close())

describe('a server in development mode', () => {
  for (const one of serverCases.filter(({ id }) => !id.includes('slow'))) {
    it(`${one.id}: ${one.title}`, { timeout: 90_000 }, async () => {
      const result = await runServerCase(url, one, { declared: true })
      if (result.outcome === 'failed') throw result.error
      expect(result.outcome, result.reason).toBe('passed')
    })
  }
})

describe('the suite', () => {
  it('makes the server fail at nothing but what its handlers throw', () => {
    expect([...new Set(failures)]).toEqual(['handler: Error: a secret of the application'])
  })

  it('has ids that are unique', () => {
    expect(new Set(serverCases.map(({ id }) => id)).size).toBe(serverCases.length)
  })

  it('says why it skips what a server cannot show', async () => {
    const seen: string[] = []
    const results = await runServerCases(url, { only: 'handler/post', onResult: ({ id }) => seen.push(id) })
    expect(results.length).toBeGreaterThan(0)
    expect(seen).toEqual(results.map(({ id }) => id))
    for (const { outcome, reason } of results) {
      expect([outcome, reason]).toEqual([
        'skipped',
        'It needs a server that declares the conformanceChannels.',
      ])
    }
  })

  it('reports a server that is not there as failed', async () => {
    const [result] = await runServerCases('http://127.0.0.1:9/live', { only: 'sse/headers' })
    expect(result).toMatchObject({ id: 'sse/headers', outcome: 'failed' })
  })
})
