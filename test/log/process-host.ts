/** The primary of the process log's tests: forked by them, it holds logs and serves each over lines of one IPC channel. */

import { memoryLog } from '../../src/log/memory.ts'
import { memoryPresence } from '../../src/log/memory-presence.ts'
import { LogHost } from '../../src/log/process/log-host.ts'
import { simulatedClock } from '../../src/testing/clock.ts'
import { type HostOrder, lineOver } from './process-lines.ts'

// Each line listens on its own.
process.setMaxListeners(0)

const clock = simulatedClock()
const hosts = new Map<number, LogHost>()

process.on('message', (message: { order?: HostOrder }) => {
  const { order } = message
  if (!order) return
  if (order.do === 'open') {
    const log = memoryLog({ ...order.log, clock })
    hosts.set(order.host, new LogHost(log, memoryPresence({ ...order.presence, clock }), clock))
  }
  if (order.do === 'connect') hosts.get(order.host)!.add(lineOver(process, order.line))
  if (order.do === 'pass') clock.advance(order.ms)
  process.send!({ done: order.id })
})
