/** What this client uses of a WebSocket: the browser's, React Native's and the package `ws` all have it. */
export interface WebSocketLike {
  binaryType: string
  addEventListener(type: string, listener: (event: WebSocketEvent) => void): void
  send(data: string | Uint8Array): void
  close(code?: number, reason?: string): void
}

/** What this client reads of a WebSocket's events. */
export interface WebSocketEvent {
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
}

/** A WebSocket implementation. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

/** By the name of the runtime, so that no bundler can follow it: a browser's bundle holds no `ws`, and needs none. */
const packages: Readonly<Record<string, string>> = { node: 'ws' }

/** Finds an implementation: the one given, the runtime's own, or in Node before 22 the package `ws`. */
export async function findWebSocket(given: WebSocketConstructor | undefined): Promise<WebSocketConstructor | undefined> {
  const known = given ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined)
  const name = packages[globalThis.process?.release?.name]
  if (known || !name) return known
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)).default
}
