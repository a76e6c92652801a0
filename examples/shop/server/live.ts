import type { FairleadServer } from 'fairlead'
import type { ShopChannels } from './channels.ts'

/** The shop's Fairlead: its channels, to publish to and to read. */
export type Live = Pick<FairleadServer<ShopChannels>, 'channel'>

/** The offset of a position: positions of one log compare by it. */
export function offsetOf(position: string): number {
  return Number(position.slice(position.indexOf('.') + 1))
}
