import * as limits from './limits.ts'
import { isChannelSegment } from './names.ts'

/** Whether `pattern` is a channel's name, some of whose segments may be `*`. */
export function isChannelPattern(pattern: string): boolean {
  if (pattern.length > limits.channelBytes) return false
  return pattern.split('/').every((segment) => segment === '*' || isChannelSegment(segment))
}

/**
 * What each `*` of `pattern` stands for in `name`, in order: `['7']` for `chat/*` and `chat/7`; `[]` where both are the
 * same; `undefined` when the pattern does not cover the name. A `*` covers exactly one whole segment.
 */
export function matchPattern(pattern: string, name: string): string[] | undefined {
  const expected = pattern.split('/')
  const segments = name.split('/')
  if (expected.length !== segments.length) return undefined
  const params: string[] = []
  for (const [index, segment] of segments.entries()) {
    if (expected[index] === '*') params.push(segment)
    else if (expected[index] !== segment) return undefined
  }
  return params
}
