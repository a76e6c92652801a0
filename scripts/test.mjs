// `npm test`: every test there is, or those named (`npm test -- test/hub`). Installs nothing: what a test needs and does
// not find it skips, loudly; with CI=true that is a failure. The last line is `N passed, N failed`.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { externalTools, findTool } from './external-tools.mjs'
import { root, runTool } from './run-tool.mjs'

const missing = Object.keys(externalTools).filter((name) => !findTool(name))
for (const name of missing) {
  console.warn(
    `MISSING: ${name}, so ${externalTools[name].for} will not be tested. Get it with: npm run setup`,
  )
}

const build = spawnSync(process.execPath, [join(root, 'scripts/build.mjs'), '--if-needed'], {
  stdio: 'inherit',
})
if (build.status !== 0) end({ passed: 0, failed: 1, skipped: 0 })

/** Characters of one failure that are told again at the end; the whole is further up. */
const longestReason = 2_000

const report = join(root, '.tmp/test-report.json')
mkdirSync(join(root, '.tmp'), { recursive: true })
rmSync(report, { force: true })
const { ok, how } = runTool('vitest', 'vitest', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
])
const counts = count(report)
for (const { file, title } of counts.skips) console.log(`skipped: ${file}: ${title}`)
// Last, so that they are still there where only the end of a long report is kept.
for (const { file, title, why } of counts.failures) console.log(`FAILED: ${file}: ${title}\n${why}`)
if (missing.length > 0)
  console.log(`Not everything was tested: ${missing.join(', ')} missing. Run: npm run setup`)
if (!ok && counts.failed === 0) counts.failed = 1
if (process.env.CI === 'true' && missing.length > 0) counts.failed += missing.length
end(counts)

function end({ passed, failed, skipped }) {
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exit(failed === 0 ? 0 : 1)
}

/** A file that fell over before its tests began counts as one failure. */
function count(path) {
  const counts = { passed: 0, failed: 0, skipped: 0, skips: [], failures: [] }
  let files
  try {
    files = JSON.parse(readFileSync(path, 'utf8')).testResults
  } catch {
    console.log(`FAILED: vitest ended with ${how} before it wrote its report`)
    return { ...counts, failed: 1 }
  }
  for (const { name, status, message, assertionResults } of files) {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    const passed = assertionResults.filter((test) => test.status === 'passed').length
    const skipped = assertionResults.filter((test) => test.status !== 'failed' && test.status !== 'passed')
    counts.passed += passed
    const fellOver = status === 'failed' && failed.length === 0
    counts.failed += fellOver ? 1 : failed.length
    counts.skipped += skipped.length
    const file = name.startsWith(root) ? name.slice(root.length) : name
    counts.skips.push(...skipped.map(({ fullName }) => ({ file, title: fullName })))
    if (fellOver) counts.failures.push({ file, title: 'fell over before its tests began', why: message })
    counts.failures.push(
      ...failed.map(({ fullName, failureMessages }) => ({
        file,
        title: fullName,
        why: failureMessages.join('\n').slice(0, longestReason),
      })),
    )
  }
  return counts
}
