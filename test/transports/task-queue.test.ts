import { describe, expect, it } from 'vitest'
import { TaskQueue } from '../../src/transports/task-queue.ts'

function slow(): { task: () => Promise<void>; done: () => void } {
  let done = () => {}
  const promise = new Promise<void>((resolve) => {
    done = resolve
  })
  return { task: () => promise, done }
}

describe('a task queue', () => {
  it('does at once what waits for nothing', () => {
    const did: number[] = []
    const queue = new TaskQueue(2, () => did.push(-1))
    for (const n of [1, 2, 3]) queue.push(() => void did.push(n))
    expect(did).toEqual([1, 2, 3])
    expect(queue.busy).toBeUndefined()
  })

  it('has what comes after a slow task wait for it, in order, and tells when it is full and when no more', async () => {
    const did: unknown[] = []
    const queue = new TaskQueue(2, (full) => did.push(full))
    const { task, done } = slow()
    queue.push(task)
    queue.push(() => void did.push(1))
    queue.push(async () => void did.push(2))
    queue.push(() => void did.push(3))
    expect(did).toEqual([true])
    done()
    await queue.busy
    expect(did).toEqual([true, 1, 2, false, 3])
    expect(queue.busy).toBeUndefined()
    queue.push(() => void did.push(4))
    expect(did.at(-1)).toBe(4)
  })

  it('forgets what has not begun', async () => {
    const did: number[] = []
    const queue = new TaskQueue(2, () => {})
    const { task, done } = slow()
    queue.push(task)
    queue.push(() => void did.push(1))
    queue.clear()
    done()
    await queue.busy
    expect(did).toEqual([])
  })
})
