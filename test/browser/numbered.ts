import type { Site } from './site.ts'

/** Bytes after which a line is cut: inside a chunk's length, an id, a name, a payload, between two events. */
export const cutPoints: readonly number[] = [1, 4, 9, 23, 40, 58, 71, 102, 160, 230]

/** 1, 2, 3, … `last`. */
export function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1)
}

/** Publishes so many more events `numbered` on a channel, all at once: 1, 2, 3, … Answers the last number. */
export type Publish = (count: number) => Promise<number>

/** Counts on over restarts of the site. */
export function counter(site: Site, channel = 'orders'): Publish {
  let n = 0
  return async (count) => {
    const publishing = Array.from({ length: count }, () =>
      site.fairlead.channel(channel).publish('numbered', { n: ++n }),
    )
    await Promise.all(publishing)
    return n
  }
}
