import type { Clock } from '../hub/clock.ts'
import type { PresenceChange } from '../hub/presence.ts'
import { throwLater } from './throw-later.ts'

type Step = 'join' | 'leave'

/** Gathers who came and who left, and tells it once per channel and batch; who came and left again is not told of. */
export class PresenceChanges {
  readonly #batchMs: number
  readonly #clock: Clock
  #byChannel = new Map<string, Map<string, Step>>()
  #sink: ((change: PresenceChange) => void) | undefined
  #cancelTimer: (() => void) | undefined

  constructor(batchMs: number, clock: Clock) {
    this.#batchMs = batchMs
    this.#clock = clock
  }

  follow(sink: (change: PresenceChange) => void): void {
    if (this.#sink) throw new Error('Presence has one reader: follow was called before.')
    this.#sink = sink
  }

  joined(channel: string, member: string): void {
    this.#note(channel, member, 'join')
  }

  left(channel: string, member: string): void {
    this.#note(channel, member, 'leave')
  }

  close(): void {
    this.#cancelTimer?.()
    this.#sink = undefined
    this.#byChannel.clear()
  }

  /** A step and its opposite cancel each other out, so at most one step of a member waits. */
  #note(channel: string, member: string, step: Step): void {
    if (!this.#sink) return
    const steps = this.#byChannel.get(channel) ?? new Map<string, Step>()
    this.#byChannel.set(channel, steps)
    if (!steps.delete(member)) steps.set(member, step)
    this.#cancelTimer ??= this.#clock.after(this.#batchMs, () => this.#tell())
  }

  #tell(): void {
    const batch = this.#byChannel
    this.#byChannel = new Map()
    this.#cancelTimer = undefined
    for (const [channel, steps] of batch) {
      const join = membersWho('join', steps)
      const leave = membersWho('leave', steps)
      if (join.length + leave.length > 0) this.#give({ channel, join, leave })
    }
  }

  #give(change: PresenceChange): void {
    try {
      this.#sink?.(change)
    } catch (error) {
      throwLater(error)
    }
  }
}

function membersWho(step: Step, steps: ReadonlyMap<string, Step>): string[] {
  return [...steps]
    .filter(([, taken]) => taken === step)
    .map(([member]) => member)
    .sort()
}
