import { expect, it } from 'vitest'
import { makeHub, settle } from '../hub/harness.ts'

it('gives what is live only after the replay, however late the log answers', async () => {
  const world = await makeHub({ byHand: true })
  const reader = async (offset: number) =>
    world.subscribe(['a'], { after: { epoch: world.hub.epoch, offset } })
  for (let n = 1; n <= 3; n++) await world.append('a', `${n}`)
  world.gate.gated = true
  const { connection } = await reader(1)
  // Live, while the page that holds 2 and 3 is still being read.
  await world.append('a', '4')
  world.turn()
  await settle()
  expect(connection.offsets).toEqual([])
  while (world.gate.waiting > 0) {
    world.gate.release()
    await settle()
  }
  await world.append('a', '5')
  world.turn()
  await settle()
  expect(connection.offsets).toEqual([2, 3, 4, 5])
})
