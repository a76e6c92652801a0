import { describe, expect, it, onTestFinished } from 'vitest'
import type { Channels } from '../../src/hub/channels.ts'
import { Hub } from '../../src/hub/hub.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { memoryPresence } from '../../src/log/memory-presence.ts'
import { FairleadError } from '../../src/protocol/index.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

/** A session on channels each of which answers in a way of its own: `now` at once, `later` by a promise. */
async function open() {
  const clock = simulatedClock()
  const asked: string[] = []
  const refuse = () => {
    throw new FairleadError('forbidden', 'Not you.')
  }
  const channels: Channels = {
    now: { onSubscribe: () => void asked.push('now') },
    later: {
      onSubscribe: async () => {
        await Promise.resolve()
        asked.push('later')
      },
    },
    'refused-now': { onSubscribe: refuse },
    'refused-later': { onSubscribe: async () => refuse() },
    broken: {
      onSubscribe: () => {
        throw new Error('a mistake')
      },
    },
  }
  const hub = await Hub.open({
    log: memoryLog({ clock }),
    channels,
    authorise: {
      identify: () => null,
      allows: (_who, _action, channel) => (channel === 'nobody' ? Promise.resolve(false) : true),
    },
    presence: memoryPresence({ clock }),
    clock,
    onError: () => {},
  })
  onTestFinished(() => hub.close())
  return { session: hub.session(null), asked }
}

describe('who asks for several channels', () => {
  it('is let into those that say yes, at once or later, and told of the others in their order', async () => {
    const { session, asked } = await open()
    const names = ['refused-now', 'later', 'nobody', 'now', 'refused-later']
    expect(await session.admit(names)).toEqual({
      open: ['later', 'now'],
      denied: [
        { channel: 'refused-now', code: 'forbidden' },
        { channel: 'nobody', code: 'auth_required' },
        { channel: 'refused-later', code: 'forbidden' },
      ],
    })
    expect(asked).toEqual(['later', 'now'])
  })

  it.each([['refused-now'], ['refused-later'], ['nobody'], ['refused-now', 'refused-later', 'nobody']])(
    'is refused when none of them says yes: %s',
    async (...names) => {
      const { session } = await open()
      const code = names.at(-1) === 'nobody' ? 'auth_required' : 'forbidden'
      await expect(session.admit(names)).rejects.toMatchObject({ code })
    },
  )

  it('hears of a mistake in the application as of a failure, not of a refusal', async () => {
    const { session } = await open()
    await expect(session.admit(['now', 'broken'])).rejects.toThrow('a mistake')
  })
})
