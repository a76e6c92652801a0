import { runRows } from '../support/fault-rows.ts'

/**
 * `npm run test:faults [-- --only ROW] [--seed N] [--cycles N]`: faults of lines, clocks, clients and machines, with
 * what was counted and what must hold. The exit code is 0 only if every row below ran and held: a row that had to be
 * skipped counts as missing.
 */
const declared = [
  'slow-readers-policies',
  'stalled-2000',
  'half-open',
  'sleep',
  'server-kill',
  'deploy',
  'clock-jump',
  'idle-hop',
  'address-change',
  'fd-exhaustion',
  'loop-stall',
  'memory-cap',
  'sigterm',
  'drain-5000',
]

// What a row left open must not keep the run from ending.
process.exit(await runRows(new URL('./', import.meta.url), declared))
