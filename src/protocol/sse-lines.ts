/** Cuts an SSE stream into its lines (HTML standard, 9.2.5). */
export interface SseLines {
  /** Takes the next bytes of the stream; they may be cut anywhere. */
  push(chunk: Uint8Array): void
  /** How much of an unfinished line is held, in UTF-16 units: to be bounded by whoever reads. */
  readonly unfinishedChars: number
  /** Drops the unfinished line. */
  forget(): void
}

/**
 * Calls `onLine` for each line, without its end. A line ends as soon as its CR does: the CR is not held back to see
 * whether an LF follows, which would delay an event until the next one.
 */
export function createSseLines(onLine: (line: string) => void): SseLines {
  const utf8 = new TextDecoder() // Replaces bad bytes and strips one BOM, as the standard asks.
  const lineEnd = /\r\n?|\n/g
  let partial: string[] = [] // In pieces: joining at every chunk would cost its square.
  let partialChars = 0
  let afterCr = false
  return {
    push(chunk) {
      const text = utf8.decode(chunk, { stream: true })
      let start = 0
      if (afterCr && text !== '') {
        afterCr = false
        if (text[0] === '\n') start = 1
      }
      lineEnd.lastIndex = start
      for (let found = lineEnd.exec(text); found; found = lineEnd.exec(text)) {
        partial.push(text.slice(start, found.index))
        start = lineEnd.lastIndex
        afterCr = start === text.length && found[0] === '\r'
        const line = partial.join('')
        partial = []
        partialChars = 0
        onLine(line)
      }
      partial.push(text.slice(start))
      partialChars += text.length - start
    },
    get unfinishedChars() {
      return partialChars
    },
    forget() {
      partial = []
      partialChars = 0
    },
  }
}
