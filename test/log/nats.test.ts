import { describe } from 'vitest'
import { startNats } from '../support/nats-server.ts'
import { needs } from '../support/needs.ts'
import { runNatsCases } from './nats-cases.ts'

describe.skipIf(!needs('nats'))('natsLog holds what every log promises', () => {
  runNatsCases(() => startNats())
})
