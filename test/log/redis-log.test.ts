import { afterAll, beforeAll, describe } from 'vitest'
import { needs } from '../support/needs.ts'
import { startRedis } from '../support/redis-server.ts'
import { runRedisCases } from './redis-cases.ts'

const redis = needs('redis')

describe.skipIf(!redis)('redisLog holds what every log promises', () => {
  let server: Awaited<ReturnType<typeof startRedis>>
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  runRedisCases(() => ({ url: server.url }))
})
