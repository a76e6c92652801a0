import { defineConfig } from 'vitest/config'

/** What a project runs; the order is that of `npm test`: a group begins when the one before it is done. */
interface Group {
  readonly name: string
  readonly include: readonly string[]
  readonly exclude?: readonly string[]
  /** How many files run at once. One by one where a file fills the machine by itself. */
  readonly atOnce?: number
}

const alone: readonly Group[] = [
  { name: 'rules', include: ['test/rules/**/*.test.ts'] },
  { name: 'package', include: ['test/package/**/*.test.ts'] },
  { name: 'chaos', include: ['test/chaos/**/*.test.ts'] },
  {
    name: 'crash',
    include: ['test/crash/**/*.test.ts', 'test/faults/**/*.test.ts', 'test/choice/**/*.test.ts'],
    atOnce: 2,
  },
  // Pages wait more than they work, and each file starts browsers of its own.
  {
    name: 'browser',
    include: ['test/browser/**/*.test.ts', 'test/shop/**/*.browser.test.ts'],
    atOnce: 2,
  },
]

const groups: readonly Group[] = [
  // Much of it waits, for time-outs and for programs: so three at once.
  {
    name: 'unit',
    include: ['test/**/*.test.ts'],
    exclude: alone.flatMap(({ include }) => include),
    atOnce: 3,
  },
  ...alone,
]

export default defineConfig({
  test: {
    projects: groups.map(({ name, include, exclude = [], atOnce = 1 }, groupOrder) => ({
      test: {
        name,
        include: [...include],
        exclude: ['**/node_modules/**', ...exclude],
        pool: 'forks' as const,
        maxWorkers: atOnce,
        testTimeout: 20_000,
        hookTimeout: 30_000,
        sequence: { groupOrder },
      },
    })),
  },
})
