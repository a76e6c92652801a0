import { row as rollingDeploy } from '../crash/rolling-deploy.ts'
import type { CrashRow } from '../crash/row.ts'

/** The same as `npm run test:crash -- --only rolling-deploy`, fewer times: here it stands beside the other faults. */
export const row: CrashRow = { ...rollingDeploy, id: 'deploy', cycles: { short: 1, full: 2 } }
