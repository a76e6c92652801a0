import type { Hub } from '../hub/hub.ts'

/** Why a balancer should send nobody here, in words; `undefined` when it should. */
export function notReady(hub: Hub | undefined): string | undefined {
  if (!hub) return 'The log is being opened.'
  if (hub.stopping.aborted) return 'Draining.'
  if (hub.logs.all.some(({ outOfReach }) => outOfReach)) return 'The log is out of reach.'
  if (hub.limits.overloaded) return 'Full: new connections are told to come back later.'
  return undefined
}
