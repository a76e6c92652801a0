import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChannelName, isChannelPattern, matchPattern } from '../../src/protocol/index.ts'

describe('a pattern', () => {
  it.each<[string, string, string[] | undefined]>([
    ['orders', 'orders', []],
    ['orders', 'order', undefined],
    ['orders', 'orders/1', undefined],
    ['chat/*', 'chat/7', ['7']],
    ['chat/*', 'chat', undefined],
    ['chat/*', 'chat/', ['']],
    ['chat/*', 'chat/7/8', undefined],
    ['chat/*', 'chats/7', undefined],
    ['*', 'orders', ['orders']],
    ['*', 'chat/7', undefined],
    ['*/*', 'chat/7', ['chat', '7']],
    ['a/*/c', 'a/b/c', ['b']],
    ['a/*/c', 'a/b/d', undefined],
    ['a/*/c/*', 'a/*/c/x', ['*', 'x']],
    ['a.c', 'abc', undefined],
    ['chat/x*', 'chat/xy', undefined],
    ['Chat/*', 'chat/7', undefined],
  ])('%s of %s is %j', (pattern, name, params) => {
    expect(matchPattern(pattern, name)).toEqual(params)
  })

  it.each(['orders', 'chat/*', '*', '*/*', 'a/*/c', `${'*/'.repeat(127)}*`])('%s is one', (pattern) => {
    expect(isChannelPattern(pattern)).toBe(true)
  })

  it.each([
    '',
    '/',
    'chat/',
    '/*',
    'chat//*',
    'chat/x*',
    '**',
    'chat/**',
    '_x/*',
    '../*',
    'a b',
    '*\n',
    `${'*/'.repeat(128)}*`,
  ])('%j is none', (pattern) => {
    expect(isChannelPattern(pattern)).toBe(false)
  })

  it('made of a name with some segments replaced covers that name and gives them back', () => {
    const segment = fc
      .string({ unit: fc.constantFrom(...'aZ0.~-'), minLength: 1, maxLength: 4 })
      .filter(isChannelName)
    const parts = fc.array(fc.tuple(segment, fc.boolean()), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(parts, (parts) => {
        const name = parts.map(([text]) => text).join('/')
        const pattern = parts.map(([text, open]) => (open ? '*' : text)).join('/')
        expect(isChannelPattern(pattern)).toBe(true)
        expect(matchPattern(pattern, name)).toEqual(parts.filter(([, open]) => open).map(([text]) => text))
      }),
    )
  })
})
