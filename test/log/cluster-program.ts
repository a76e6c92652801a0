/** A program of `node:cluster` for the tests, which name a part; what it prints, one JSON value a line, is looked at. */
import cluster from 'node:cluster'
import { once } from 'node:events'
import { memoryLog, memoryPresence } from '../../src/index.ts'
import { primaryLog, primaryPresence, shareLog } from '../../src/log/process.ts'
import { createServer } from '../../src/server/create-server.ts'

const [part = ''] = process.argv.slice(2)
const say = (value: unknown) => void process.stdout.write(`${JSON.stringify(value)}\n`)
const failure = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error)

/** The primary shares a log of its own with as many workers. */
async function share(serialization: 'advanced' | 'json', workers: number) {
  cluster.setupPrimary({ serialization })
  const shared = shareLog(memoryLog(), memoryPresence())
  for (let i = 0; i < workers; i++) cluster.fork()
  for (let ended = 0; ended < workers; ended++) await once(cluster, 'exit')
  await shared.close()
}

/** Appends bytes and a text, and says what came by the feed, by reading, and of the members. */
async function useLog() {
  const [log, presence] = [primaryLog(), primaryPresence()]
  let seen = 0
  const feed = log.follow({ event: () => seen++, epoch() {}, unavailable() {} })
  await feed.watch('a')
  await log.append({ channel: 'a', event: 'bytes', payload: Uint8Array.of(1, 2, 255) })
  await log.append({ channel: 'a', event: 'text', payload: '"é🎏"' })
  await presence.touch('a', `member-${cluster.worker!.id}`)
  const { events } = await log.read([{ channel: 'a', after: 0 }], {
    events: 100,
    bytes: Number.POSITIVE_INFINITY,
  })
  const bytes = events[0]!.payload
  say({
    plain: bytes.constructor === Uint8Array,
    bytes: [...(bytes as Uint8Array)],
    text: events[1]!.payload,
  })
  while ((await log.head()).offset < 4 || seen < 2 || (await presence.members('a')).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 10))
  say({ members: await presence.members('a') })
}

const parts: Record<string, { primary(): Promise<void>; worker(): Promise<void> }> = {
  shared: { primary: () => share('advanced', 2), worker: useLog },
  json: { primary: () => share('json', 1), worker: async () => say(await primaryLog().head()) },
  alone: {
    async primary() {
      cluster.fork()
      await once(cluster, 'exit')
    },
    async worker() {
      for (const make of [
        () => memoryLog(),
        () => createServer(),
        () => createServer({ log: 'lmdb:./data' }),
      ]) {
        try {
          make()
          say('made')
        } catch (error) {
          say(failure(error))
        }
      }
    },
  },
  orphan: {
    async primary() {
      const worker = cluster.fork()
      say({ worker: worker.process.pid })
      await once(worker, 'message')
      process.kill(process.pid, 'SIGKILL')
    },
    async worker() {
      process.send!('up')
      // Something that would keep it alive.
      setInterval(() => {}, 1_000)
      await new Promise(() => {})
    },
  },
}

try {
  await (cluster.isPrimary ? parts[part]!.primary() : parts[part]!.worker())
} catch (error) {
  say(failure(error))
}
cluster.worker?.disconnect()
