// `npm run setup`: what the tests need beyond npm. Installs it with apt-get where that works without asking (root on
// Debian or Ubuntu); elsewhere says what is missing and how to get it. Does nothing when all is there.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

import { externalTools, findTool } from './external-tools.mjs'

const names = Object.keys(externalTools)
let missing = names.filter((name) => !findTool(name))

if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
  install(missing.map((name) => externalTools[name].apt))
  const services = missing.flatMap((name) => externalTools[name].service ?? [])
  missing = names.filter((name) => !findTool(name))
  stopServices(services)
}

for (const name of names) {
  const path = findTool(name)
  console.log(
    `${path ? 'found  ' : 'MISSING'} ${name.padEnd(9)} ${path ?? `needed for ${externalTools[name].for}`}`,
  )
}
if (missing.length === 0) {
  console.log('setup: everything the tests need is here')
} else {
  const packages = missing.map((name) => externalTools[name].apt).join(' ')
  console.log(
    `\nsetup: ${missing.length} missing; the tests that need them are skipped, loudly. To get them:`,
  )
  console.log(`  Debian, Ubuntu:  sudo apt-get install ${packages}`)
  console.log("  elsewhere:       your system's package manager, so that one of these is in PATH:")
  for (const name of missing) console.log(`                   ${externalTools[name].commands.join(' or ')}`)
  console.log(`                   or name a path, as in FAIRLEAD_${missing[0].toUpperCase()}=/path/to/it`)
  if (process.env.CI === 'true') process.exitCode = 1
}

function install(packages) {
  console.log(`setup: installing ${packages.join(', ')} with apt-get`)
  aptGet('update', '-q')
  aptGet('install', '-q', '-y', '--no-install-recommends', ...packages)
}

/** Debian starts a server that it installs, and starts it again with the machine; the tests want its tools alone. */
function stopServices(services) {
  for (const service of services) spawnSync('systemctl', ['disable', '--now', service], { stdio: 'ignore' })
}

function aptGet(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status } = spawnSync('apt-get', args, { stdio: ['ignore', 'inherit', 'inherit'], env })
  if (status !== 0) console.error(`setup: apt-get ${args[0]} failed (${status}); see its lines above`)
}
