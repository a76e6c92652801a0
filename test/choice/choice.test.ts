import { describe, expect, it } from 'vitest'
import { conditions } from './conditions.ts'
import { nodeSubject } from './node-subject.ts'
import { goThrough, shortcomings } from './session.ts'

/** The rows that are short, in Node; all of them, and in Chromium, are run by `npm run test:choice`. */
describe('behind a proxy', () => {
  it.concurrent.for(conditions.filter(({ short }) => short))(
    '$id: $fault',
    { timeout: 60_000 },
    async (one) => {
      const seen = await goThrough(one, nodeSubject())
      expect(shortcomings(one, seen), JSON.stringify(seen)).toEqual([])
    },
  )
})
