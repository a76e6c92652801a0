import type { Clock } from '../clock.ts'
import { aliveMs, type OpenBus } from './bus.ts'

/** A leader that said nothing for so long is frozen: it keeps its lock, and others take it. In milliseconds. */
const silentMs = 5 * aliveMs
/** A timer that fires this late was held up: the silence may be this tab's own. */
const lateMs = 1_000

/** The part of `navigator.locks` that is used. */
export interface Locks {
  request(
    name: string,
    options: { readonly signal?: AbortSignal; readonly steal?: boolean },
    hold: () => Promise<void>,
  ): Promise<unknown>
}

/** Who wants to lead. */
export interface Candidate {
  /** The lock is this tab's. */
  lead(): void
  /** Another tab has taken it. */
  giveWay(): void
}

/** Stands for the lead until the answer is called, which lets it go. */
export function stand(
  name: string,
  candidate: Candidate,
  { locks, openBus, clock }: { locks: Locks; openBus: OpenBus; clock: Clock },
): () => void {
  const over = new AbortController()
  let release: (() => void) | undefined
  let heardAt = clock.now()
  let cancel = () => {}

  const bus = openBus(({ op }) => {
    if (op !== 'read') heardAt = clock.now()
  })

  const request = (steal: boolean) => {
    const hold = () =>
      new Promise<void>((resolve) => {
        if (over.signal.aborted) return resolve()
        release = resolve
        candidate.lead()
      })
    const options = steal ? { steal } : { signal: over.signal }
    locks.request(name, options, hold).catch(() => {
      // Aborted: by this tab, or because another one took the lock. A request that waits is told of neither.
      if (!release || over.signal.aborted) return
      release = undefined
      heardAt = clock.now()
      candidate.giveWay()
      request(false)
    })
  }

  const watch = () => {
    const waitMs = aliveMs * (1 + clock.random())
    const due = clock.now() + waitMs
    cancel = clock.after(waitMs, () => {
      const now = clock.now()
      if (now > due + lateMs) heardAt = now
      if (!release && now - heardAt > silentMs) {
        heardAt = now
        request(true)
      }
      watch()
    })
  }

  request(false)
  watch()
  return () => {
    over.abort()
    cancel()
    bus.close()
    release?.()
    release = undefined
  }
}
