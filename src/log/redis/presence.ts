import type { Redis } from 'ioredis'
import type { Clock } from '../../hub/clock.ts'
import { systemClock } from '../../hub/clock.ts'
import type { PresenceChange, PresenceStore } from '../../hub/presence.ts'
import { FairleadError } from '../../protocol/index.ts'
import { PresenceChanges } from '../presence-changes.ts'
import { Line, outOfReach } from './line.ts'
import { type Place, placeOf } from './place.ts'
import { type Reply, textOf } from './reply.ts'
import { refusalOf, Script } from './script.ts'
import { everybodyScript, leaveScript, membersScript, sweepScript, touchScript } from './scripts/presence.ts'
import { bound, prefixOf, type RedisPlace } from './settings.ts'

/** Where presence is kept, when a member counts as gone, and how much is held. */
export interface RedisPresenceOptions extends RedisPlace {
  /**
   * A member that no server hears of for so long is gone, in milliseconds; the same on every server. @default 60,000
   */
  readonly timeoutMs?: number | undefined
  /** Joins and leaves are gathered for so long before they are told, in milliseconds. @default 100 */
  readonly batchMs?: number | undefined
  /** Members of all channels together, over all servers; one more is refused with `busy`. @default 100,000 */
  readonly members?: number | undefined
}

const scripts = {
  touch: new Script(touchScript),
  leave: new Script(leaveScript),
  sweep: new Script(sweepScript),
  members: new Script(membersScript),
  everybody: new Script(everybodyScript),
}

/** Members told of in one script. */
const atOnce = 500

/** A member that this server hears of. */
interface Heard {
  readonly channel: string
  readonly id: string
  heardAt: number
  /** The newest hearing that Redis knows of. */
  toldAt: number
}

/** Presence over all servers that share a Redis. */
export class RedisPresence implements PresenceStore {
  readonly #place: Place
  readonly #prefix: string
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #limit: number
  readonly #deadlineMs: number
  readonly #changes: PresenceChanges
  readonly #commands: Line
  #announcements: Line | undefined
  readonly #heard = new Map<string, Heard>()
  /** Who is there by what was told; a snapshot is compared with it when something may have been missed. */
  readonly #there = new Set<string>()
  /** What is announced while a snapshot is on its way waits, or the older would follow the newer. */
  #waiting: string[] | undefined
  /** No leaving can be missed. */
  #live = false
  #mark = ''
  /** When the next member is due to be gone, as of the last look. */
  #dueMs = Number.POSITIVE_INFINITY
  #timing = false
  #cancelTimer = () => {}
  #closed = false

  constructor(options: RedisPresenceOptions) {
    this.#place = placeOf(options)
    this.#prefix = prefixOf(options)
    this.#clock = options.clock ?? systemClock
    this.#timeoutMs = bound('timeoutMs', options.timeoutMs, 60_000)
    this.#limit = bound('members', options.members, 100_000)
    this.#deadlineMs = bound('deadlineMs', options.deadlineMs, 5_000)
    this.#changes = new PresenceChanges(bound('batchMs', options.batchMs, 100), this.#clock)
    this.#commands = new Line({
      dial: this.#place.dial,
      clock: this.#clock,
      greet: async (redis) => {
        await Promise.all(Object.values(scripts).map((script) => script.load(redis)))
      },
      lost: () => {},
    })
  }

  async touch(channel: string, id: string): Promise<void> {
    if (this.#closed) throw closedPresence()
    const name = nameOf(channel, id)
    const now = this.#clock.now()
    const known = this.#heard.get(name)
    if (known) {
      known.heardAt = now
      // Redis hears of it with all others, unless its leaving could be missed here.
      if (this.#live && known.toldAt > now - this.#timeoutMs / 4) return
    }
    const heard = known ?? { channel, id, heardAt: now, toldAt: Number.NEGATIVE_INFINITY }
    if (!(await this.#tell([heard]))) {
      throw new FairleadError('busy', 'As many clients are present as the servers may hold: try again later.')
    }
    if (this.#live && !this.#closed) this.#heard.set(name, heard)
    this.#wake()
  }

  async leave(channel: string, id: string): Promise<void> {
    this.#heard.delete(nameOf(channel, id))
    if (!this.#closed) await this.#ask('leave', [channel, id])
  }

  async members(channel: string): Promise<string[]> {
    const members = (await this.#ask('members', [channel])) as readonly Reply[]
    return members.map(textOf).sort()
  }

  follow(sink: (change: PresenceChange) => void): void {
    this.#changes.follow(sink)
    this.#announcements = new Line({
      dial: this.#place.dial,
      clock: this.#clock,
      greet: (redis) => this.#greet(redis),
      lost: () => {
        this.#live = false
      },
    })
    this.#wake()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#cancelTimer()
    this.#changes.close()
    this.#commands.close()
    this.#announcements?.close()
    this.#heard.clear()
    this.#there.clear()
  }

  async #greet(redis: Redis): Promise<void> {
    redis.on(this.#place.cluster ? 'smessageBuffer' : 'messageBuffer', (_: Buffer, message: Buffer) =>
      this.#take(message.toString()),
    )
    const name = `${this.#prefix}p`
    if (this.#place.cluster) await redis.ssubscribe(name)
    else await redis.subscribe(name)
    await this.#compare()
    this.#live = true
  }

  /** Compares who is there with what was told: a message may have been missed, or Redis have lost its data. */
  async #compare(): Promise<void> {
    this.#waiting ??= []
    try {
      const everybody = (await this.#ask('everybody', [])) as readonly Reply[]
      const there = new Set(everybody.map(textOf))
      for (const name of [...this.#there]) if (!there.has(name)) this.#step('-', name)
      for (const name of there) if (!this.#there.has(name)) this.#step('+', name)
    } finally {
      const waiting = this.#waiting
      this.#waiting = undefined
      for (const message of waiting ?? []) this.#take(message)
    }
  }

  /** Takes steps that were announced: `+` or `-`, the channel, a line feed, the member, a line feed, and so on. */
  #take(message: string): void {
    if (this.#waiting) {
      this.#waiting.push(message)
      return
    }
    const lines = message.split('\n')
    for (let i = 0; i + 1 < lines.length; i += 2) {
      this.#step(lines[i]![0]!, nameOf(lines[i]!.slice(1), lines[i + 1]!))
    }
    this.#wake()
  }

  #step(step: string, name: string): void {
    if (this.#closed) return
    const end = name.indexOf('\n')
    const [channel, member] = [name.slice(0, end), name.slice(end + 1)]
    if (step === '-') this.#heard.delete(name)
    if (step === '+' && !this.#there.has(name)) {
      this.#there.add(name)
      this.#changes.joined(channel, member)
    } else if (step === '-' && this.#there.delete(name)) {
      this.#changes.left(channel, member)
    }
  }

  /** Has Redis hear of members; `false` when there is no room for one of them. */
  async #tell(heard: readonly Heard[]): Promise<boolean> {
    const now = this.#clock.now()
    const args = [String(this.#limit), randomMark(this.#clock)]
    const times = heard.map(({ heardAt }) => heardAt)
    for (const { channel, id, heardAt } of heard) {
      args.push(channel, id, String(Math.max(0, now - heardAt)))
    }
    const [mark, ...answers] = (await this.#ask('touch', args)) as readonly Reply[]
    heard.forEach((one, i) => {
      one.toldAt = Math.max(one.toldAt, times[i]!)
    })
    this.#compareMark(textOf(mark))
    return answers.every((answer) => answer === 1)
  }

  /** One timer for this server's own members, the silent of all servers, and what may have been missed. */
  #wake(): void {
    if (this.#closed || this.#timing) return
    this.#timing = true
    const period = Math.max(Math.min(this.#timeoutMs / 4, 5_000, this.#dueMs), 20)
    this.#cancelTimer = this.#clock.after(period, () => {
      void this.#look()
        .catch(() => {}) // Out of reach: the next time is soon enough.
        .then(() => {
          this.#timing = false
          if (this.#announcements || this.#heard.size > 0) this.#wake()
        })
    })
  }

  async #look(): Promise<void> {
    const now = this.#clock.now()
    const untold: Heard[] = []
    for (const [name, heard] of this.#heard) {
      if (heard.heardAt <= now - this.#timeoutMs) this.#heard.delete(name)
      else if (heard.heardAt > heard.toldAt) untold.push(heard)
    }
    for (let i = 0; i < untold.length; i += atOnce) await this.#tell(untold.slice(i, i + atOnce))
    const [mark, due] = (await this.#ask('sweep', [])) as readonly Reply[]
    this.#dueMs = (due as number) < 0 ? Number.POSITIVE_INFINITY : (due as number)
    this.#compareMark(textOf(mark))
  }

  /** Another mark: Redis lost its data. It is told of all again, and who is still missing then is gone. */
  #compareMark(mark: string): void {
    if (mark === this.#mark || mark === '') return
    const lost = this.#mark !== ''
    this.#mark = mark
    if (!lost) return
    for (const heard of this.#heard.values()) heard.toldAt = Number.NEGATIVE_INFINITY
    this.#clock.after(this.#timeoutMs / 2, () => void this.#compare().catch(() => {}))
  }

  async #ask(script: keyof typeof scripts, args: readonly string[]): Promise<Reply> {
    if (this.#closed) throw closedPresence()
    const due = this.#clock.now() + this.#deadlineMs
    for (;;) {
      const redis = await this.#commands.ready(Math.max(due - this.#clock.now(), 0))
      try {
        return await this.#answered(redis, this.#run(redis, script, args), due - this.#clock.now())
      } catch (error) {
        if (error instanceof FairleadError) throw error
        const refusal = refusalOf(error)
        if (refusal === 'unknown-script') await scripts[script].load(redis)
        else if (refusal === 'full')
          throw new FairleadError('busy', 'The memory of Redis is full: try again later.')
        else if (refusal === 'other') throw outOfReach(error)
        // Every step may be taken twice: to hear of a member, or to see it leave, again changes nothing.
        else this.#commands.drop(redis, error)
      }
      if (this.#clock.now() >= due) throw outOfReach(this.#commands.reason)
    }
  }

  #run(redis: Redis, script: keyof typeof scripts, args: readonly string[]): Promise<Reply> {
    const announcer = this.#place.cluster ? 'SPUBLISH' : 'PUBLISH'
    return scripts[script].run(redis, `${this.#prefix}present`, [
      this.#prefix,
      String(this.#timeoutMs),
      announcer,
      ...args,
    ]) as Promise<Reply>
  }

  #answered<T>(redis: Redis, answer: Promise<T>, ms: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(Math.max(ms, 0), () => {
        const silent = new Error('no answer in time')
        this.#commands.drop(redis, silent)
        reject(outOfReach(silent))
      })
      answer.then(resolve, reject).finally(cancel)
    })
  }
}

function nameOf(channel: string, id: string): string {
  return `${channel}\n${id}`
}

function closedPresence(): FairleadError {
  return new FairleadError('unavailable', 'Presence is closed.')
}

function randomMark(clock: Clock): string {
  return clock.random().toString(36).slice(2)
}
