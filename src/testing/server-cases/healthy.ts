import { deepStrictEqual } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Target } from './target.ts'

/** Runs `attack` while healthy readers on two transports look on, and shows that they noticed nothing. */
export async function besideHealthy(target: Target, attack: () => Promise<void>): Promise<void> {
  const channel = target.channel()
  const stream = await target.sse(`/${channel}`)
  const socket = await target.socket(`/${channel}`)
  const check = async (): Promise<void> => {
    const data = randomBytes(6).toString('hex')
    const id = await target.publish(channel, data)
    const block = await stream.event()
    deepStrictEqual([block.id, block.data], [id, JSON.stringify(data)])
    const { envelope } = await socket.next()
    deepStrictEqual([envelope.id, envelope.data], [id, data])
  }
  await check()
  await attack()
  await check()
}
