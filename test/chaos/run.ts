import { parseArgs } from 'node:util'
import type { Cut } from './plan.ts'
import { runSends } from './sends.ts'
import { runStorm } from './storm.ts'
import { runSwitches } from './switches.ts'
import type { Count } from './tally.ts'

/**
 * The long runs, printed: `tsx test/chaos/run.ts storm | switches | sends [--seed N] …`. Their short versions are in
 * `chaos.test.ts`. The exit code is 0 only if nothing was lost, repeated or out of order.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    cuts: { type: 'string' },
    clients: { type: 'string', default: '20' },
    rate: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    sends: { type: 'string', default: '1000' },
    changes: { type: 'string', default: '20' },
  },
})
const seed = Number(values.seed)

const runs: Readonly<Record<string, () => Promise<boolean>>> = { storm, switches, sends }
const run = runs[positionals[0] ?? '']
if (!run) throw new Error(`Say which: ${Object.keys(runs).join(', ')}.`)
process.exitCode = (await run()) ? 0 : 1

async function storm(): Promise<boolean> {
  const options = {
    seed,
    cuts: Number(values.cuts ?? 3000),
    clients: Number(values.clients),
    rate: Number(values.rate ?? 500),
  }
  console.log(`seed ${seed}: ${options.cuts} cuts, ${options.clients} clients, ${options.rate} events/s`)
  const result = await runStorm({ ...options, onProgress: (line) => console.log(`  ${line}`) })
  console.log(`cuts     ${result.made.length}: ${shares(result.made)}; named ${result.digest}`)
  console.log(`502s     ${result.refused} connections refused`)
  console.log(`events   ${result.published} published; ${show(result.events)}`)
  console.log(`sends    ${show(result.sends)}`)
  console.log(`time     ${Math.round(result.seconds)} s`)
  tell(result.faults)
  return isClean(result.events) && isClean(result.sends) && result.faults.length === 0
}

async function switches(): Promise<boolean> {
  const options = { seed, seconds: Number(values.seconds), rate: Number(values.rate ?? 500) }
  console.log(`seed ${seed}: client.use in a loop for ${options.seconds} s under ${options.rate} events/s`)
  const result = await runSwitches(options)
  console.log(`changes  ${result.changes}, ${result.inFlight} of them with events in flight`)
  console.log(`events   ${result.published} published; ${show(result.events)}`)
  tell(result.faults)
  return isClean(result.events) && result.faults.length === 0 && result.inFlight >= 5 * options.seconds
}

async function sends(): Promise<boolean> {
  const options = {
    seed,
    sends: Number(values.sends),
    rate: Number(values.rate ?? 50),
    cuts: Number(values.cuts ?? 50),
    changes: Number(values.changes),
  }
  console.log(
    `seed ${seed}: ${options.sends} sends at ${options.rate}/s, handlers of 0 to 20 ms, on each transport`,
  )
  const results = await runSends(options)
  for (const { transport, answered, appended, cuts, digest, changes, faults } of results) {
    console.log(
      `${transport.padEnd(10)} ${answered} answered; ${show(appended)}; ${cuts} cuts named ${digest}, ${changes} changes`,
    )
    tell(faults)
  }
  return results.every(
    ({ answered, appended, cuts, faults }) =>
      answered === options.sends && cuts === options.cuts && isClean(appended) && faults.length === 0,
  )
}

function show({ received, lost, repeated, disordered }: Count): string {
  return `${received} received, ${lost} lost, ${repeated} repeated, ${disordered} out of order`
}

function isClean({ lost, repeated, disordered }: Count): boolean {
  return lost + repeated + disordered === 0
}

function shares(made: readonly Cut[]): string {
  const of = (kind: Cut['kind'], way: Cut['way']): number =>
    made.filter((cut) => cut.kind === kind && cut.way === way).length
  return (['rst', 'fin', 'stall'] as const)
    .map((kind) => `${kind} ${of(kind, 'up')} up ${of(kind, 'down')} down`)
    .join(', ')
}

function tell(faults: readonly string[]): void {
  for (const fault of faults.slice(0, 20)) console.log(`fault    ${fault}`)
  if (faults.length > 20) console.log(`fault    … and ${faults.length - 20} more`)
}
