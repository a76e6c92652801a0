import { matchPattern } from '../protocol/index.ts'
import type { ChannelDeclaration, ChannelName, Channels } from './channels.ts'

/** A channel with what was declared of it. */
export interface DeclaredChannel {
  readonly name: ChannelName
  /** Absent when nothing declares the channel: in development mode it is an open channel, else nobody's. */
  readonly declaration: ChannelDeclaration | undefined
}

const cached = 10_000

/** Finds a channel's declaration: by its name, else by the first pattern that covers it, in the order declared. */
export class DeclaredChannels {
  readonly #channels: Channels
  readonly #patterns: string[]
  readonly #found = new Map<string, DeclaredChannel>()

  constructor(channels: Channels) {
    this.#channels = channels
    this.#patterns = Object.keys(channels).filter((name) => name.includes('*'))
  }

  /** Whether any channel says what is expected to flow. */
  get anyFlow(): boolean {
    return Object.values(this.#channels).some(({ flow }) => flow !== undefined)
  }

  find(name: string): DeclaredChannel {
    let found = this.#found.get(name)
    if (!found) {
      found = this.#search(name)
      // Names come from outside: the cache is emptied rather than left to grow.
      if (this.#found.size >= cached) this.#found.clear()
      this.#found.set(name, found)
    }
    return found
  }

  #search(name: string): DeclaredChannel {
    if (Object.hasOwn(this.#channels, name))
      return { name: { name, params: [] }, declaration: this.#channels[name] }
    for (const pattern of this.#patterns) {
      const params = matchPattern(pattern, name)
      if (params) return { name: { name, params }, declaration: this.#channels[pattern] }
    }
    return { name: { name, params: [] }, declaration: undefined }
  }
}
