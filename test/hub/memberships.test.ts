import { describe, expect, it } from 'vitest'
import { Memberships } from '../../src/hub/memberships.ts'
import type { PresenceStore } from '../../src/hub/presence.ts'

describe('memberships', () => {
  function start() {
    const left: string[] = []
    const store = {
      touch: async () => {},
      leave: async (channel: string, client: string) => void left.push(`${channel} ${client}`),
    } as Partial<PresenceStore> as PresenceStore
    return { left, memberships: new Memberships(store, () => {}) }
  }

  it('a client that says goodbye leaves with the last of its connections, whichever said it', () => {
    const { left, memberships } = start()
    memberships.enter('lobby', 'ada')
    memberships.enter('lobby', 'ada')
    memberships.exit('lobby', 'ada', true)
    expect(left).toEqual([])
    memberships.exit('lobby', 'ada', false)
    expect(left).toEqual(['lobby ada'])
  })

  it.each(['enter', 'touch'] as const)(
    'a client that is heard of after its goodbye has not gone: %s',
    (how) => {
      const { left, memberships } = start()
      memberships.enter('lobby', 'ada')
      memberships.enter('lobby', 'ada')
      memberships.exit('lobby', 'ada', true)
      memberships[how]('lobby', 'ada')
      memberships.exit('lobby', 'ada', false)
      if (how === 'enter') memberships.exit('lobby', 'ada', false)
      expect(left).toEqual([])
    },
  )

  it('a goodbye said outside of a connection counts for those that are left', () => {
    const { left, memberships } = start()
    memberships.enter('lobby', 'ada')
    memberships.goodbye('lobby', 'ada')
    expect(left).toEqual([])
    memberships.exit('lobby', 'ada', false)
    memberships.goodbye('lobby', 'bob')
    expect(left).toEqual(['lobby ada', 'lobby bob'])
  })

  it('a client whose last connection breaks may come back', () => {
    const { left, memberships } = start()
    memberships.enter('lobby', 'ada')
    memberships.exit('lobby', 'ada', false)
    expect(left).toEqual([])
  })
})
