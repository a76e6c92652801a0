import { controlFloods } from './attack-floods.ts'
import { forgeries } from './attack-forgery.ts'
import { injections } from './attack-injection.ts'
import type { AbuseCase } from './case.ts'

/** The attack classes that need no token, each as a case of its own; the rows are those of the threat table in the docs. */
export const attacks: readonly AbuseCase[] = [...forgeries, ...injections, ...controlFloods]
