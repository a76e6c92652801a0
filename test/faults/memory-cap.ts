import type { CrashRow } from '../crash/row.ts'
import { type Engine, startEngine, startReaders, until } from './engine.ts'
import type { ReadersOrder } from './readers.ts'
import type { Talking } from './talk.ts'

const channel = 'feed/0'
/** No more are tried: this many descriptors are there. */
const mostReaders = 9_000
/** What its log holds in memory, so that readers are what is too much. */
const keptBytes = 44 * 1024 ** 2
/** By then it takes readers again, after the flood has gone, in milliseconds. */
const recoveredMs = 10_000

/** A process whose memory is bounded, under more than it can hold. */
export const row: CrashRow = {
  id: 'memory-cap',
  fault: 'a server with --max-old-space-size=128 whose memory fills up, under publishes and new readers',
  promise:
    'it does not run out of memory: above its bound it answers new streams with `busy`, published events stay, and within 10 s of the room it takes readers again',
  cycles: { short: 1, full: 3 },
  async run({ cycles, onProgress }) {
    const flags = ['--max-old-space-size=128']
    const engine = await startEngine({ logBytes: keptBytes }, { nodeFlags: flags })
    const readers = await startReaders()
    const counts = { floods: 0, mostReaders: 0, busy: 0, recoveredMs: 0, published: 0, lost: 0 }
    const faults: string[] = []
    const url = `http://127.0.0.1:${engine.port}/live/${channel}`
    try {
      const count = keptBytes / 1_000 / 4
      for (let i = 0; i < 4; i++) await engine.ask({ do: 'flood', channel, count, bytes: 1_000, tags: 0 })
      await engine.ask({ do: 'publish', channels: [channel], rate: 5, bytes: 200 })
      for (let cycle = 1; cycle <= cycles; cycle++) {
        const open = await flood(engine, readers, onProgress)
        counts.mostReaders = Math.max(counts.mostReaders, open)
        let busy = 0
        for (let asked = 0; asked < 40; asked++) if ((await firstWords(url)) === 'busy') busy++
        counts.busy += busy
        if (busy === 0) faults.push('nothing was refused while memory was short')
        await readers.ask({ do: 'close-raw' })
        const tookMs = await until(async () => (await firstWords(url)) === 'open', 2 * recoveredMs)
        counts.recoveredMs = Math.max(counts.recoveredMs, Math.round(tookMs ?? Number.POSITIVE_INFINITY))
        counts.floods++
        onProgress(`${cycle} of ${cycles}: ${open} open, ${busy} of 40 refused, back after ${tookMs} ms`)
      }
      if (counts.recoveredMs > recoveredMs) faults.push('it took readers again too late')
      counts.published = await engine.stop(channel)
      const { events } = (await (await fetch(`${url}?last=1&limit=1`)).json()) as {
        events: { data: { n: number } }[]
      }
      counts.lost = counts.published - (events[0]?.data.n ?? 0)
      if (counts.lost !== 0)
        faults.push(`the newest event kept is ${events[0]?.data.n} of ${counts.published}`)
      faults.push(...(await engine.look()).errors)
    } catch (error) {
      faults.push(`the server ended: ${String(error)}`)
    } finally {
      await readers.kill()
      await engine.kill()
    }
    return { counts, faults }
  },
}

/** Opens readers until the server takes no more of them; answers how many are open. */
async function flood(
  engine: Engine,
  readers: Talking<ReadersOrder>,
  onProgress: (line: string) => void,
): Promise<number> {
  const setups = (['sse', 'websocket'] as const).map((transport) => ({
    transport,
    port: engine.port,
    channel,
  }))
  let open = 0
  for (let asked = 0; asked < mostReaders; asked += 250) {
    await readers.ask({ do: 'open-raw', count: 250, readers: setups })
    const { streams } = await engine.look()
    onProgress(`${streams} open`)
    if (streams < open + 125) return streams
    open = streams
  }
  return open
}

/** What a new stream is told first. */
async function firstWords(url: string): Promise<'open' | 'busy' | 'failed'> {
  const abort = new AbortController()
  try {
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(5_000)])
    const answer = await fetch(url, { headers: { accept: 'text/event-stream' }, signal })
    let text = ''
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString('utf8')
      if (text.includes('$bye')) return text.includes('"busy"') ? 'busy' : 'failed'
      if (text.includes('$heartbeat')) return 'open'
    }
    return 'failed'
  } catch {
    return 'failed'
  } finally {
    abort.abort()
  }
}
