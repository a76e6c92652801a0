import { findTool } from '../../scripts/external-tools.mjs'
import { failuresOf, runThroughHaproxy } from '../proxy/cases.ts'
import { startBehindHaproxy } from '../proxy/fleet.ts'
import { missing, sharedLogs } from '../proxy/logs.ts'
import type { CrashRow } from './row.ts'

/** The whole conformance suite, each of whose requests may reach another server than the one before. */
export const row: CrashRow = {
  id: 'haproxy-conformance',
  fault: 'three servers behind HAProxy in plain round robin, on Redis and on NATS',
  promise: 'every case of the server conformance suite that a proxy lets through',
  cycles: { short: 1, full: 1 },
  missing: () => missing('haproxy', 'redis', 'nats'),
  async run({ cycles, onProgress }) {
    let passed = 0
    let skipped = 0
    const faults: string[] = []
    for (let cycle = 0; cycle < cycles; cycle++) {
      for (const kind of sharedLogs) {
        const log = await kind.start()
        try {
          const { haproxy, stop } = await startBehindHaproxy(findTool('haproxy')!, log.url, 3)
          try {
            let done = 0
            const results = await runThroughHaproxy(
              haproxy.url,
              () => true,
              () => {
                if (++done % 50 === 0) onProgress(`${kind.name}: ${done} cases`)
              },
            )
            passed += results.filter(({ outcome }) => outcome === 'passed').length
            skipped += results.filter(({ outcome }) => outcome === 'skipped').length
            faults.push(...failuresOf(results).map((failure) => `${kind.name}: ${failure}`))
          } finally {
            await stop()
          }
        } finally {
          await log.stop()
        }
      }
    }
    return { counts: { passed, failed: faults.length, skipped }, faults }
  },
}
