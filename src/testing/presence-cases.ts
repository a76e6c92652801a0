import { deepStrictEqual, ok } from 'node:assert/strict'
import type { PresenceChange, PresenceStore } from '../hub/presence.ts'
import { type Case, casesOf, eventually, registerCases, type Skip, type TestRunner } from './case-runner.ts'
import { seededRandom } from './clock.ts'

/** One point of what a `PresenceStore` promises. */
export type PresenceCase = Case<PresenceContext>

/** The times of a store that a case opens. */
export interface PresenceOpenOptions {
  /** A member that is not heard of for so long is gone, in milliseconds. */
  readonly timeoutMs: number
  /** For how long changes may be gathered, in milliseconds. */
  readonly batchMs: number
}

/** What a case gets. */
export interface PresenceContext {
  /** Opens a new, empty store, which nothing else uses. It is closed after the case. */
  open(options?: Partial<PresenceOpenOptions>): Promise<PresenceStore>
  /** Lets time go by, in milliseconds: for real, or on the simulated clock of the stores. */
  pass(ms: number): Promise<void>
}

/** What every `PresenceStore` promises, point by point. */
export const presenceCases: readonly PresenceCase[] = casesOf<PresenceContext>('presence', [
  ['members', 'Members are those who were touched, each once, in the order of their ids.', members],
  ['channels', 'Each channel has its own members.', channels],
  ['leave', 'Who leaves is gone at once; the leaving of a stranger is nothing.', leave],
  ['silence', 'Who falls silent is gone, and the leaving is told.', silence],
  ['alive', 'Who is heard of in time stays, however long.', alive],
  ['told', 'A join and a leave are told once each, however often a member was touched.', told],
  ['batched', 'Changes that come together are told together, no member twice in one change.', batched],
  ['back-again', 'Who left and comes back is told of again.', backAgain],
  ['adds-up', 'The changes that were told add up to the members.', addsUp],
  ['closed', 'A closed store tells nothing more, and can be closed again.', closed],
])

/** A store to run the cases on. */
export interface PresenceUnderTest extends TestRunner {
  /** Opens a new, empty store, which nothing else uses: the case closes it. */
  open(options: PresenceOpenOptions): Promise<PresenceStore>
  /** Lets time go by on a simulated clock. Default: real time goes by. */
  readonly pass?: PresenceContext['pass']
  /** What this store does not hold, and why. */
  readonly skip?: readonly Skip[]
}

/** Makes one test of each case with the test runner that is given, as `describe` and `it`. */
export function runPresenceCases(store: PresenceUnderTest): void {
  const pass = store.pass ?? ((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)))
  registerCases(store, presenceCases, store.skip ?? [], async (run) => {
    const opened: PresenceStore[] = []
    const open: PresenceContext['open'] = async (options = {}) => {
      const fresh = await store.open({ timeoutMs: 60_000, batchMs: 20, ...options })
      opened.push(fresh)
      return fresh
    }
    try {
      await run({ open, pass })
    } finally {
      await Promise.all(opened.map((each) => each.close()))
    }
  })
}

async function members({ open }: PresenceContext): Promise<void> {
  const store = await open()
  deepStrictEqual(await store.members('a'), [])
  for (const id of ['carol', 'alice', 'bob', 'alice']) await store.touch('a', id)
  deepStrictEqual(await store.members('a'), ['alice', 'bob', 'carol'])
}

async function channels({ open }: PresenceContext): Promise<void> {
  const store = await open()
  await store.touch('a', 'alice')
  await store.touch('b', 'alice')
  await store.touch('a/b', 'bob')
  await store.leave('a', 'alice')
  deepStrictEqual(await Promise.all(['a', 'b', 'a/b'].map((name) => store.members(name))), [
    [],
    ['alice'],
    ['bob'],
  ])
}

async function leave({ open }: PresenceContext): Promise<void> {
  const store = await open()
  await store.touch('a', 'alice')
  await store.touch('a', 'bob')
  await store.leave('a', 'alice')
  await store.leave('a', 'alice')
  await store.leave('never', 'carol')
  deepStrictEqual(await store.members('a'), ['bob'])
}

async function silence({ open, pass }: PresenceContext): Promise<void> {
  const store = await open({ timeoutMs: 300 })
  const told = gather(store)
  await store.touch('a', 'alice')
  await eventually(pass, 'the silent member is gone', async () => (await store.members('a')).length === 0)
  await eventually(pass, 'the leaving was told', () => told.some((change) => change.leave.includes('alice')))
}

async function alive({ open, pass }: PresenceContext): Promise<void> {
  const store = await open({ timeoutMs: 1000 })
  const told = gather(store)
  await store.touch('a', 'silent')
  for (let i = 0; i < 15; i++) {
    await store.touch('a', 'alice')
    await pass(100)
    ok((await store.members('a')).includes('alice'))
  }
  await eventually(pass, 'the silent one is gone', () =>
    told.some((change) => change.leave.includes('silent')),
  )
  deepStrictEqual(
    told.flatMap((change) => change.leave),
    ['silent'],
  )
}

async function told({ open, pass }: PresenceContext): Promise<void> {
  const store = await open()
  const changes = gather(store)
  for (let i = 0; i < 5; i++) await store.touch('a', 'alice')
  await eventually(pass, 'the join was told', () => changes.length > 0)
  for (let i = 0; i < 5; i++) await store.touch('a', 'alice')
  await store.leave('a', 'alice')
  await eventually(pass, 'the leave was told', () => changes.length > 1)
  deepStrictEqual(changes, [
    { channel: 'a', join: ['alice'], leave: [] },
    { channel: 'a', join: [], leave: ['alice'] },
  ])
}

async function batched({ open, pass }: PresenceContext): Promise<void> {
  const store = await open({ batchMs: 200 })
  const changes = gather(store)
  const ids = Array.from({ length: 50 }, (_, i) => `member-${i}`)
  await Promise.all(ids.map((id) => store.touch('a', id)))
  await eventually(pass, 'all joins were told', () => joinsOf(changes).length >= ids.length)
  deepStrictEqual(joinsOf(changes).toSorted(), ids.toSorted())
  ok(changes.length < ids.length / 2, `50 joins at once came in ${changes.length} changes`)
  for (const { join, leave } of changes) {
    deepStrictEqual(new Set([...join, ...leave]).size, join.length + leave.length)
  }
}

function joinsOf(changes: readonly PresenceChange[]): string[] {
  return changes.flatMap((change) => change.join)
}

async function backAgain({ open, pass }: PresenceContext): Promise<void> {
  const store = await open()
  const changes = gather(store)
  await store.touch('a', 'alice')
  await eventually(pass, 'the join was told', () => changes.length === 1)
  await store.leave('a', 'alice')
  await eventually(pass, 'the leave was told', () => changes.length === 2)
  await store.touch('a', 'alice')
  await eventually(pass, 'the second join was told', () => changes.length === 3)
  deepStrictEqual(changes[2], { channel: 'a', join: ['alice'], leave: [] })
}

async function addsUp({ open, pass }: PresenceContext): Promise<void> {
  const store = await open()
  const changes = gather(store)
  const random = seededRandom(7)
  for (let i = 0; i < 200; i++) {
    const id = `member-${Math.floor(random() * 10)}`
    await (random() < 0.5 ? store.touch('a', id) : store.leave('a', id))
    if (random() < 0.1) await pass(20)
  }
  const present = await store.members('a')
  await eventually(pass, 'the changes add up to the members', () => {
    return JSON.stringify(added(changes)) === JSON.stringify(present)
  })
}

/** Who is there by the changes alone; a join of a member, or a leave of a stranger, is an error. */
function added(changes: readonly PresenceChange[]): string[] {
  const there = new Set<string>()
  for (const { join, leave } of changes) {
    for (const id of join) ok(!there.has(id) && there.add(id), `${id} joined twice`)
    for (const id of leave) ok(there.delete(id), `${id} left without having joined`)
  }
  return [...there].sort()
}

async function closed({ open, pass }: PresenceContext): Promise<void> {
  const store = await open()
  const changes = gather(store)
  await store.touch('a', 'alice')
  await store.close()
  await store.close()
  const before = changes.length
  await store.touch('a', 'bob').catch(() => {})
  await store.leave('a', 'alice').catch(() => {})
  await pass(100)
  deepStrictEqual(changes.length, before)
}

function gather(store: PresenceStore): PresenceChange[] {
  const changes: PresenceChange[] = []
  store.follow((change) => changes.push(change))
  return changes
}
