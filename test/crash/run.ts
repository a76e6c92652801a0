import { runRows } from '../support/fault-rows.ts'

/**
 * `npm run test:crash [-- --only ROW] [--seed N] [--cycles N]`: makes every fault of the table as often as it is to be
 * made, on real servers, and prints what was counted. `--only` may be given more than once. The exit code is 0 only if
 * everything held; a row that cannot be run here is skipped, with its reason.
 */

// What a row left open must not keep the run from ending.
process.exit(await runRows(new URL('./', import.meta.url)))
