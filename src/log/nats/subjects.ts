/**
 * The subjects of one log. The epoch stands in those that the stream takes: an append of an epoch that is over finds no
 * stream, and so cannot be given an offset that was used before.
 */
export class Subjects {
  readonly #root: string

  /** `root` begins all of them; a stream's name. */
  constructor(root: string) {
    this.#root = root
  }

  /** An event of a channel. */
  event(epoch: string, channel: string): string {
    return `${this.#root}.${epoch}.e.${token(channel)}`
  }

  /** How far a channel was trimmed. */
  mark(epoch: string, channel: string): string {
    return `${this.#root}.${epoch}.t.${token(channel)}`
  }

  /** What a log's stream takes in an epoch. */
  taken(epoch: string): string[] {
    return [`${this.#root}.${epoch}.e.*`, `${this.#root}.${epoch}.t.*`]
  }

  /** Where a stored message is announced. Old servers ask for each wildcard to be used, so all tokens come along. */
  get announcing(): { src: string; dest: string } {
    return { src: `${this.#root}.*.*.*`, dest: `${this.#root}.f.$3.$1.$2` }
  }

  /** All announcements of a channel. */
  feed(channel: string): string {
    return `${this.#root}.f.${token(channel)}.*.e`
  }

  /** All announcements of the log, marks of trimming too: no sequence is left out. */
  get wholeFeed(): string {
    return `${this.#root}.f.*.*.*`
  }

  /** What an announcement is of; no channel: a mark of trimming. */
  parseFeed(subject: string): { readonly epoch: string; readonly channel: string | undefined } {
    const [name, epoch, kind] = subject.slice(this.#root.length + 3).split('.')
    return { epoch: epoch!, channel: kind === 'e' ? decodeURIComponent(name!) : undefined }
  }

  /** An event that is announced and not stored. */
  passing(channel: string): string {
    return `${this.#root}.f.${token(channel)}.0.e`
  }

  /** An event that is announced once under its key, and otherwise not kept. */
  passingOnce(channel: string, scope: string): string {
    return `${this.#root}.n.${token(channel)}.${scope}`
  }

  /** What was first answered under a key. */
  key(scope: string): string {
    return `${this.#root}.k.${scope}`
  }

  /** What the stream of keys takes. */
  get keys(): string[] {
    return [`${this.#root}.k.*`, `${this.#root}.n.*.*`]
  }

  get announcingOnce(): { src: string; dest: string } {
    return { src: `${this.#root}.n.*.*`, dest: `${this.#root}.f.$1.$2.e` }
  }

  /** What the servers on one log tell each other. */
  get notices(): string {
    return `${this.#root}.h`
  }
}

/** The channel of an event's subject, which ends in `.e.CHANNEL`; `undefined` for another. */
export function channelOf(subject: string): string | undefined {
  const parts = subject.split('.')
  return parts.length >= 4 && parts.at(-2) === 'e' ? decodeURIComponent(parts.at(-1)!) : undefined
}

/** The epoch of an event's subject. */
export function epochOf(subject: string): string {
  return subject.split('.').at(-3) ?? ''
}

/** A channel as one token of a subject: a dot ends a token, and only here it is given another form. */
function token(channel: string): string {
  return channel.replace(/[^A-Za-z0-9/~_-]/g, (sign) => {
    return [...new TextEncoder().encode(sign)]
      .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
      .join('')
  })
}
