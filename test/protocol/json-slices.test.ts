import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sliceArray, sliceObject } from '../../src/protocol/index.ts'

const json = fc.json({ maxDepth: 3, stringUnit: 'binary' })
const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 5 }),
  fc.constantFrom('__proto__', 'constructor', '"', '\\', '{', '}', ',', ':', ''),
)

/** A JSON string of `text` with every unit escaped, which a parser must read as the same. */
function escaped(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) =>
    text.charCodeAt(i).toString(16).padStart(4, '0'),
  )
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`
}

describe('the members of an object', () => {
  const member = fc.record({
    key,
    inEscapes: fc.boolean(),
    raw: json,
    spaces: fc.tuple(space, space, space, space),
  })

  it('are those that JSON.parse finds, each as it was written', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), space, (members, outside) => {
        const inside = members.map(({ key, inEscapes, raw, spaces: [a, b, c, d] }) => {
          return `${a}${inEscapes ? escaped(key) : JSON.stringify(key)}${b}:${c}${raw}${d}`
        })
        const text = `${outside}{${inside.join(',')}}${outside}`
        const parsed = JSON.parse(text) as Record<string, unknown>
        const slices = sliceObject(text)
        expect([...slices.keys()].sort()).toEqual(Object.keys(parsed).sort())
        for (const [name, raw] of slices) {
          expect(JSON.parse(raw)).toEqual(parsed[name])
          expect(members.findLast(({ key }) => key === name)?.raw.trim()).toBe(raw)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('are none in an empty one', () => {
    expect(sliceObject('{}')).toEqual(new Map())
    expect(sliceObject(' { \n } ')).toEqual(new Map())
  })

  it('of a key that stands twice are the last', () => {
    expect(sliceObject('{"a":1,"\\u0061":[2]}')).toEqual(new Map([['a', '[2]']]))
  })
})

describe('the elements of an array', () => {
  it('are those that JSON.parse finds, each as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(json, space, space), { maxLength: 8 }), space, (elements, outside) => {
        const text = `${outside}[${elements.map(([raw, a, b]) => `${a}${raw}${b}`).join(',')}]${outside}`
        expect(sliceArray(text)).toEqual(elements.map(([raw]) => raw.trim()))
        expect(sliceArray(text).map((raw) => JSON.parse(raw) as unknown)).toEqual(JSON.parse(text))
      }),
      { numRuns: 1000 },
    )
  })

  it('are none in an empty one', () => {
    expect(sliceArray('[]')).toEqual([])
    expect(sliceArray(' [ \n ] ')).toEqual([])
  })
})

describe('long texts cost no square', () => {
  it.each([
    ['many members', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":[${i}]`).join()}}`, 100_000],
    ['one long string of escapes', `{"a":"${'\\"\\\\'.repeat(200_000)}"}`, 1],
    ['deep nesting', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, 1],
    ['many strings in one value', `{"a":[${'"]",'.repeat(100_000)}1]}`, 1],
  ])('%s', (_name, text, count) => {
    expect(sliceObject(text).size).toBe(count)
  })
})
