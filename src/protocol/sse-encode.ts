/** The writing half of the SSE codec (HTML standard, 9.2.5). */

/** One block: an event, or only an `id` or `retry` when `data` is absent. */
export interface SseBlock {
  id?: string | undefined
  /** Left out for `message`, the name an EventSource gives to a block without one. */
  event?: string | undefined
  data?: string | undefined
  retryMs?: number | undefined
}

const lineBreak = /\r\n|\r|\n/
const forbidden = /[\r\n\0]/

/**
 * Writes one block, blank line included. Data of several lines becomes several `data:` fields, which a reader joins
 * with LF. Throws `RangeError` on CR, LF or NUL in `id` or `event` (they would write fields of their own, and cleaning
 * them would hand the reader another name than was published), and on a `retryMs` that cannot be written in digits.
 */
export function encodeSseBlock(block: SseBlock): string {
  let text = ''
  if (block.retryMs !== undefined) text += `retry: ${milliseconds(block.retryMs)}\n`
  if (block.id !== undefined) text += `id: ${field('id', block.id)}\n`
  if (block.event !== undefined && block.event !== 'message')
    text += `event: ${field('event', block.event)}\n`
  if (block.data !== undefined) {
    for (const line of block.data.split(lineBreak)) text += `data: ${line}\n`
  }
  return `${text}\n`
}

/** Writes a comment, which no page can see: only for a person reading with curl. */
export function encodeSseComment(comment: string): string {
  return `${comment
    .split(lineBreak)
    .map((line) => `: ${line}\n`)
    .join('')}\n`
}

function field(name: string, value: string): string {
  if (forbidden.test(value)) throw new RangeError(`An SSE ${name} must not hold CR, LF or NUL.`)
  return value
}

function milliseconds(retryMs: number): number {
  const whole = Math.trunc(retryMs)
  if (whole >= 0 && whole <= Number.MAX_SAFE_INTEGER) return whole
  throw new RangeError('An SSE retry is a number of milliseconds from 0 on.')
}
