// Ours as several processes behind one port, with the log of their primary: what `fairlead serve --workers` starts. The
// last worker publishes, so that its events take the way that those of any worker take: to the primary, and to all.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { memoryLog, memoryPresence } from '../../dist/index.js'
import { shareLog } from '../../dist/log/process.js'

const told = JSON.parse(process.argv[2])
shareLog(memoryLog(), memoryPresence())
cluster.setupPrimary({
  exec: fileURLToPath(new URL('fairlead.mjs', import.meta.url)),
  serialization: 'advanced',
})
for (let i = 1; i <= told.workers; i++) {
  const worker = cluster.fork(i === told.workers ? { PUBLISHES: '1' } : {})
  await once(worker, 'listening')
}

// Workers end first, so that a profile of theirs is written when this one has ended.
process.on('SIGTERM', () => {
  for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM')
})
cluster.on('exit', () => {
  if (Object.keys(cluster.workers).length === 0) process.exit(0)
})
