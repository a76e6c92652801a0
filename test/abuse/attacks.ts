import { credentialAttacks } from './attack-credentials.ts'
import { controlFloods } from './attack-floods.ts'
import { forgeries } from './attack-forgery.ts'
import { injections } from './attack-injection.ts'
import { proxyAttacks } from './attack-proxies.ts'
import { trafficAttacks } from './attack-traffic.ts'
import type { AbuseCase } from './case.ts'

/** The attack classes, each as a case of its own; the rows are those of the threat table in the docs. */
export const attacks: readonly AbuseCase[] = [
  ...forgeries,
  ...injections,
  ...controlFloods,
  ...credentialAttacks,
  ...trafficAttacks,
  ...proxyAttacks,
]

/** The rows that must be there. */
export const attackRows: readonly string[] = Array.from({ length: 32 }, (_, i) => String(i + 1))
