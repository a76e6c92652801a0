import { type FairleadServer, isFairleadError } from 'fairlead'
import type { ShopChannels } from './channels.ts'

/** The shop's Fairlead: its channels, to publish to and to read. */
export type Live = Pick<FairleadServer<ShopChannels>, 'channel'>

/** The offset of a position: positions of one log compare by it. */
export function offsetOf(position: string): number {
  return Number(position.slice(position.indexOf('.') + 1))
}

/** The epoch of a position: another one, and the log has lost or may have lost what it held. */
export function epochOf(position: string): string {
  return position.slice(0, position.indexOf('.'))
}

const passing: readonly string[] = ['unavailable', 'busy', 'storage_full', 'draining']

/** Whether an error of the log is one that passes: the same may be tried again a little later. */
export function isPassing(error: unknown): boolean {
  return isFairleadError(error) && passing.includes(error.code)
}
