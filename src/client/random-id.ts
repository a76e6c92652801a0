import { systemClock } from './clock.ts'

/**
 * An id that no other client has. Not a secret, so that chance is enough: React Native has no `crypto` of its own. Not
 * by an injected clock: two clients on the same seed would take each other's idempotency keys.
 */
export function randomId(): string {
  const part = () => systemClock.random().toString(36).slice(2)
  return part() + part()
}
