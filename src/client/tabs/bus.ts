import type { ChannelMessage } from '../subscription.ts'
import type { TransportName } from '../transports/stream.ts'

/** How often the leading tab says that it is there, in milliseconds. */
export const aliveMs = 1_000

/** What the tab that holds the connection tells the others. `hub` is its random name: a tab listens to one at a time. */
export type FromHub =
  | {
      readonly op: 'alive'
      readonly hub: string
      /** Of the one connection; absent while it is not open. */
      readonly transport?: TransportName | undefined
      /** Where each channel stands that the connection carries: all up to there was told. */
      readonly positions: Readonly<Record<string, string>>
      /** Channels that may not be read. */
      readonly denied: readonly string[]
    }
  | { readonly op: 'message'; readonly hub: string; readonly message: ChannelMessage }
  /** It closes the connection. */
  | { readonly op: 'gone'; readonly hub: string; readonly reason: string }

/** What a tab asks of the one that leads: to be told of these channels; none when it goes. */
export interface FromTab {
  readonly op: 'read'
  readonly tab: string
  readonly channels: readonly string[]
}

/** One end of what all tabs hear. Two ends in one page hear each other, one never hears itself. */
export interface Bus {
  post(message: FromHub | FromTab): void
  close(): void
}

/** Opens an end; `take` is called with what the others say. */
export type OpenBus = (take: (message: FromHub | FromTab) => void) => Bus

/** The browser's own. */
export function broadcastBus(name: string): OpenBus {
  return (take) => {
    const channel = new BroadcastChannel(name)
    channel.onmessage = ({ data }) => take(data)
    return { post: (message) => channel.postMessage(message), close: () => channel.close() }
  }
}
