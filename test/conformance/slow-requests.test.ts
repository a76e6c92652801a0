import { afterAll, beforeAll, describe, it } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { runServerCase, serverCases } from '../../src/testing/index.ts'

/** The cases that wait for a server's own time-outs: in a file of their own, beside the others. */
const server = createServer({ dev: true })
let url = ''

beforeAll(async () => {
  url = (await server.listen({ port: 0 })).url
})

afterAll(() => server.close())

describe('a server in development mode', () => {
  for (const one of serverCases.filter(({ id }) => id.includes('slow'))) {
    it.concurrent(`${one.id}: ${one.title}`, { timeout: 90_000 }, async () => {
      const result = await runServerCase(url, one, { slow: true })
      if (result.outcome !== 'passed') throw result.error
    })
  }
})
