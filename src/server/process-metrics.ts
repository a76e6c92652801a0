import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Gauge } from './metrics-text.ts'

/** Node's histogram of the loop's delay counts its own tick of this many milliseconds as delay. */
const resolutionMs = 10

/** What the process uses: Prometheus's usual names, so that boards made for any program show it. */
export class ProcessMetrics {
  readonly #loop = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #maxFds = maxFds()

  constructor() {
    this.#loop.enable()
  }

  close(): void {
    this.#loop.disable()
  }

  /** What it uses now. The loop's delays are those since the time before. */
  async read(): Promise<Gauge[]> {
    const cpu = process.cpuUsage()
    const memory = process.memoryUsage()
    const fds = await openFds()
    const gauges: Gauge[] = [
      this.#loopDelay(),
      one('process_resident_memory_bytes', 'Memory that the process holds.', memory.rss),
      one('fairlead_heap_used_bytes', 'Memory that objects of JavaScript use.', memory.heapUsed),
      one(
        'fairlead_external_memory_bytes',
        'Memory of buffers, which lies outside of that heap.',
        memory.external,
      ),
      one(
        'process_start_time_seconds',
        'When the process started, in seconds since 1970.',
        performance.timeOrigin / 1000,
      ),
      {
        ...one('process_cpu_seconds_total', 'Processor time used.', (cpu.user + cpu.system) / 1e6),
        type: 'counter',
      },
      ...(fds === undefined ? [] : [one('process_open_fds', 'Open file descriptors.', fds)]),
      ...(this.#maxFds === undefined
        ? []
        : [one('process_max_fds', 'File descriptors that may be open.', this.#maxFds)]),
    ]
    return gauges
  }

  #loopDelay(): Gauge {
    const values = [
      ['p50', seconds(this.#loop.percentile(50))],
      ['p99', seconds(this.#loop.percentile(99))],
      ['max', seconds(this.#loop.max)],
    ] as const
    this.#loop.reset()
    return {
      name: 'fairlead_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape.',
      label: 'stat',
      values,
    }
  }
}

function one(name: string, help: string, now: number): Gauge {
  return { name, help, values: [['', now]] }
}

/** The histogram is in nanoseconds, and empty (NaN or a huge least value) before its first sample. */
function seconds(nanoseconds: number): number {
  return Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000) : 0
}

/** Linux says so in a folder; elsewhere nobody does, cheaply. */
async function openFds(): Promise<number | undefined> {
  try {
    return (await readdir('/proc/self/fd')).length
  } catch {
    return undefined
  }
}

function maxFds(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}
