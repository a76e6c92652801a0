import { type Client, connect } from '../../src/client/index.ts'
import { systemClock } from '../../src/hub/clock.ts'
import { type channels, type Subject, wordsOf } from './session.ts'

/** A client in this process. */
export function nodeSubject(): Subject {
  let client: Client<typeof channels> | undefined
  const got: [number, number][] = []
  return {
    async open(port, options, isHasty) {
      const clock = { ...systemClock, random: () => Math.random() / (isHasty ? 4 : 1) }
      client = connect<typeof channels>(`http://127.0.0.1:${port}/live`, { ...options, clock })
      client.channel('feed', { after: 'earliest' }).on('n', (n) => got.push([n, Date.now()]))
    },
    look: async () => ({ state: client!.state, got, decisions: wordsOf(client!) }),
    close: async () => client?.close(),
  }
}
