import { describe } from 'vitest'
import { startNatsCluster } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'
import { runNatsCases } from './nats-cases.ts'

/** Each case makes two streams of three servers, about a second: too long for every run. */
const asked = process.env.FAIRLEAD_SLOW_LOGS === '1'
if (!asked)
  console.warn('SKIPPED: the log on three servers of NATS takes 80 s. Run it with: FAIRLEAD_SLOW_LOGS=1')

describe.skipIf(!asked || !needs('nats'))('natsLog on three servers holds what every log promises', () => {
  runNatsCases(
    async () => {
      const cluster = await startNatsCluster()
      return { url: cluster.servers.map(({ url }) => url).join(','), stop: () => cluster.stop() }
    },
    { replicas: 3 },
  )
})
