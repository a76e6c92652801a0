import cluster, { type Worker } from 'node:cluster'
import { ConfigError } from '../../config/index.ts'
import { CommandError, PortInUseError } from '../errors.ts'
import { isReport, type WorkerOrder, type WorkerReport, workerVariable } from './worker-messages.ts'

/** The pause before a worker is started again, in milliseconds: doubled with each that does not last, up to the second. */
const pauseMs = [100, 5_000] as const
/** A worker that lasted so long, in milliseconds, was no failed start. */
const lastedMs = 10_000
/** The same trouble of several workers is told once in so long, in milliseconds. */
const repeatMs = 10_000
/** How long workers have to stop, in milliseconds, before they are killed. */
const stopMs = 5_000

/** The processes of `serve --workers`: as many as asked for, whatever happens to them. */
export class WorkerPool {
  readonly #count: number
  readonly #note: (line: string) => void
  readonly #workers = new Set<Worker>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  #pauseMs: number = pauseMs[0]
  #stopping = false
  #noted = { message: '', at: 0 }

  /** `note` tells a person what happens. */
  constructor(count: number, note: (line: string) => void) {
    this.#count = count
    this.#note = note
  }

  /** Starts all, and resolves with their URL when all listen. Rejects with what the first that fails says. */
  async start(): Promise<string> {
    const workers = Array.from({ length: this.#count }, () => this.#fork())
    const urls = await Promise.all(workers.map(firstReport))
    for (const worker of workers) this.#keep(worker)
    return urls[0]!
  }

  /** Tells all to stop, and resolves when they have; one that does not is killed. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const restart of this.#restarts) clearTimeout(restart)
    await Promise.all([...this.#workers].map(stopWorker))
  }

  #fork(): Worker {
    const worker = cluster.fork({ [workerVariable]: '1' })
    this.#workers.add(worker)
    worker.once('exit', () => this.#workers.delete(worker))
    // Its channel breaks when it is killed; that it has ended is told by `exit`.
    worker.on('error', () => {})
    worker.on('message', (message: unknown) => {
      if (isReport(message) && message.serve === 'trouble') this.#noteOnce(message.message)
    })
    return worker
  }

  /** What all workers meet is told once, and again only after something else or a while. */
  #noteOnce(message: string): void {
    const now = Date.now()
    if (message === this.#noted.message && now - this.#noted.at < repeatMs) return
    this.#noted = { message, at: now }
    this.#note(`fairlead: ${message}`)
  }

  /** Starts another when this one ends. */
  #keep(worker: Worker): void {
    const since = Date.now()
    let failure: string | undefined
    worker.on('message', (message: unknown) => {
      if (isReport(message) && message.serve === 'failed') failure = message.message
    })
    const ended = (code: number | null, signal: string | null) => {
      if (this.#stopping) return
      if (Date.now() - since >= lastedMs) this.#pauseMs = pauseMs[0]
      this.#note(
        `A worker (pid ${worker.process.pid}) ended: ${(failure ?? describeEnd(code, signal)).replace(/\.$/, '')}. Another one starts in ${this.#pauseMs / 1000} s.`,
      )
      this.#restartLater()
    }
    if (worker.isDead()) ended(worker.process.exitCode, worker.process.signalCode)
    else worker.once('exit', ended)
  }

  #restartLater(): void {
    const restart = setTimeout(() => {
      this.#restarts.delete(restart)
      this.#keep(this.#fork())
    }, this.#pauseMs)
    this.#restarts.add(restart)
    this.#pauseMs = Math.min(this.#pauseMs * 2, pauseMs[1])
  }
}

async function firstReport(worker: Worker): Promise<string> {
  const report = await new Promise<Exclude<WorkerReport, { serve: 'trouble' }>>((resolve) => {
    worker.on('message', (message: unknown) => {
      if (isReport(message) && message.serve !== 'trouble') resolve(message)
    })
    worker.once('exit', (code, signal) => {
      const message = `A worker ended before it listened: ${describeEnd(code, signal)}.`
      resolve({ serve: 'failed', message, kind: 'other' })
    })
  })
  if (report.serve === 'listening') return report.url
  switch (report.kind) {
    case 'usage':
      throw new ConfigError(report.message)
    case 'port-in-use':
      throw new PortInUseError(report.message)
    case 'other':
      throw new CommandError(report.message)
  }
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  const order: WorkerOrder = { serve: 'stop' }
  // One that is ending by itself takes no order any more, which is as good.
  if (worker.isConnected()) worker.send(order, () => {})
  const kill = setTimeout(() => worker.process.kill('SIGKILL'), stopMs)
  await ended
  clearTimeout(kill)
}

function describeEnd(code: number | null, signal: string | null): string {
  return signal ? `stopped by ${signal}` : `it left with exit code ${code}`
}
