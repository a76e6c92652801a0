import { describe, expect, it } from 'vitest'
import { fuzz, parsers } from './fuzz.ts'

describe('every parser of untrusted input', () => {
  const results = new Map(fuzz(3, Date.now() % 2 ** 31).map((result) => [result.name, result]))

  for (const { name } of parsers) {
    it(`throws known refusals alone, and keeps what it accepts: ${name}`, () => {
      expect(results.get(name)?.fault).toBeUndefined()
      expect(results.get(name)?.runs).toBeGreaterThan(0)
    })
  }
})
