import { row as lmdbKill } from '../crash/lmdb-kill.ts'
import type { CrashRow } from '../crash/row.ts'

/** The same as `npm run test:crash -- --only lmdb-kill`, fewer times: here it stands beside the other faults. */
export const row: CrashRow = {
  ...lmdbKill,
  id: 'server-kill',
  promise: `${lmdbKill.promise}: the client comes back by itself`,
  cycles: { short: 3, full: 100 },
}
