import type { Clock } from './clock.ts'
import type { TransportName } from './transports/stream.ts'

/** After this nothing is remembered, in milliseconds: a network may have been mended. */
const keptMs = 3_600_000

/** What worked on this network, where what is better did not. */
export interface NetworkMemory {
  recall(): TransportName | undefined
  /** `undefined` forgets. */
  remember(transport: TransportName | undefined): void
}

/** Kept in `localStorage`, where there is one, by the server's URL and what the browser says of its network. */
export function createNetworkMemory(root: string, clock: Clock): NetworkMemory {
  const connection = () =>
    (globalThis.navigator as { connection?: { type?: string; effectiveType?: string } } | undefined)
      ?.connection
  const key = () => {
    const { type, effectiveType } = connection() ?? {}
    return `fairlead ${root} ${type} ${effectiveType}`
  }
  // A page without the right to it (in a sandboxed frame) throws already on reading the name.
  const attempt = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(localStorage)
    } catch {
      return undefined
    }
  }
  return {
    recall: () =>
      attempt((storage) => {
        const [transport, until] = JSON.parse(storage.getItem(key())!)
        return until > clock.now() ? transport : undefined
      }),
    remember: (transport) =>
      attempt((storage) =>
        transport
          ? storage.setItem(key(), JSON.stringify([transport, clock.now() + keptMs]))
          : storage.removeItem(key()),
      ),
  }
}
