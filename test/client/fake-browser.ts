import type { Clock } from '../../src/client/clock.ts'
import { systemClock } from '../../src/client/clock.ts'
import type { Bus, OpenBus } from '../../src/client/tabs/bus.ts'
import type { Locks } from '../../src/client/tabs/election.ts'

interface Held {
  readonly owner: FakeTab
  readonly lost: (error: Error) => void
  readonly free: () => void
}

interface Waiting {
  readonly owner: FakeTab
  readonly grant: () => void
}

type Message = Parameters<Bus['post']>[0]

/** What tabs of one origin share: locks, and what they say to each other. */
export class FakeBrowser {
  readonly tabs = new Set<FakeTab>()
  held: Held | undefined
  waiting: Waiting[] = []

  tab(): FakeTab {
    const tab = new FakeTab(this)
    this.tabs.add(tab)
    return tab
  }

  next(): void {
    if (this.held) return
    this.waiting.shift()?.grant()
  }
}

/** One tab, which can freeze (nothing of it runs, and its lock stays) and crash (all of it is gone at once). */
export class FakeTab {
  readonly #browser: FakeBrowser
  readonly #ends = new Set<(message: Message) => void>()
  #frozen = false
  #late: (() => void)[] = []

  constructor(browser: FakeBrowser) {
    this.#browser = browser
  }

  /** Runs now, or when the tab thaws, as a browser's tasks do. */
  run(task: () => void): void {
    if (this.#frozen) this.#late.push(task)
    else task()
  }

  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
    for (const task of this.#late.splice(0)) task()
  }

  /** Nothing of it runs any more; the browser frees its lock. */
  crash(): void {
    this.#frozen = true
    this.#late = []
    this.#browser.tabs.delete(this)
    this.#ends.clear()
    this.#browser.waiting = this.#browser.waiting.filter(({ owner }) => owner !== this)
    if (this.#browser.held?.owner === this) {
      this.#browser.held = undefined
      setImmediate(() => this.#browser.next())
    }
  }

  readonly openBus = (): OpenBus => (take) => {
    const end = (message: Message) => this.run(() => take(message))
    this.#ends.add(end)
    return {
      post: (message) => {
        const copy = structuredClone(message)
        for (const tab of this.#browser.tabs)
          for (const other of tab.#ends)
            if (other !== end) setImmediate(() => tab.#ends.has(other) && other(copy))
      },
      close: () => void this.#ends.delete(end),
    }
  }

  readonly locks: Locks = {
    request: (_, { signal, steal }, hold) =>
      new Promise((resolve, reject) => {
        const browser = this.#browser
        const grant = () => {
          const free = () => {
            if (browser.held !== held) return
            browser.held = undefined
            setImmediate(() => browser.next())
          }
          const lost = (error: Error) => this.run(() => reject(error))
          const held: Held = { owner: this, lost, free }
          browser.held = held
          this.run(
            () =>
              void hold()
                .then(() => resolve(undefined))
                .finally(free),
          )
        }
        signal?.addEventListener('abort', () => {
          browser.waiting = browser.waiting.filter((one) => one.grant !== grant)
          reject(new DOMException('Aborted.', 'AbortError'))
        })
        if (steal) {
          browser.held?.lost(new DOMException('Stolen.', 'AbortError'))
          grant()
        } else {
          browser.waiting.push({ owner: this, grant })
          setImmediate(() => browser.next())
        }
      }),
  }

  readonly clock: Clock = {
    ...systemClock,
    after: (ms, fn) => systemClock.after(ms, () => this.run(fn)),
  }

  /** What comes over the network waits while the tab is frozen. */
  readonly fetch: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (!response.body) return response
    const body = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) =>
          new Promise((resolve) =>
            this.run(() => {
              controller.enqueue(chunk)
              resolve()
            }),
          ),
      }),
    )
    return new Response(body, response)
  }
}
