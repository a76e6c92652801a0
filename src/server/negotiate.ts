import { FairleadError } from '../protocol/index.ts'

/** What a GET of a channel may answer with. */
export type Representation = 'stream' | 'json' | 'html'

const types: readonly [Representation, string][] = [
  ['stream', 'text/event-stream'],
  ['json', 'application/json'],
  ['html', 'text/html'],
]

/**
 * Chooses by `Accept` (RFC 9110, section 12.5.1): the highest quality, then the more specific range, then the stream.
 * No header is every type. Throws `not_acceptable` when none of the three will do.
 */
export function negotiate(accept = '*/*'): Representation {
  // What nearly everyone sends.
  if (accept === '*/*' || accept === 'text/event-stream') return 'stream'
  const ranges = accept.split(',').map(parseRange)
  let best: { representation: Representation; quality: number; specific: number } | undefined
  for (const [representation, type] of types) {
    const wildcard = `${type.slice(0, type.indexOf('/'))}/*`
    const range =
      ranges.find((one) => one.type === type) ??
      ranges.find((one) => one.type === wildcard) ??
      ranges.find((one) => one.type === '*/*')
    if (!range || range.quality === 0) continue
    const specific = range.type === type ? 2 : range.type === wildcard ? 1 : 0
    const better =
      !best || range.quality > best.quality || (range.quality === best.quality && specific > best.specific)
    if (better) best = { representation, quality: range.quality, specific }
  }
  if (best) return best.representation
  throw new FairleadError(
    'not_acceptable',
    'A channel is read as text/event-stream, application/json or text/html.',
  )
}

function parseRange(text: string): { type: string; quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))
  const value = quality === undefined ? 1 : Number(quality.slice(2))
  return { type, quality: Number.isFinite(value) ? value : 0 }
}
