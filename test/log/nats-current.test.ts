import { describe } from 'vitest'
import { currentNats, noCurrentNats, startNats } from '../support/nats-server.ts'
import { runNatsCases } from './nats-cases.ts'

const program = currentNats()
if (!program) console.warn(`SKIPPED: the log on a current nats-server: ${noCurrentNats}`)

describe.skipIf(!program)('natsLog on a current nats-server holds what every log promises', () => {
  runNatsCases(() => startNats({ program }))
})
