/**
 * What this client uses of a WebSocket: a browser's, React Native's and that of the package `ws` all have it. Handlers
 * are typed as any of these type them.
 */
export interface WebSocketLike {
  binaryType: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number): void
}

/** A WebSocket implementation. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike

/** Finds an implementation: the one given, the runtime's own, or in Node before 22 the package `ws`. */
export async function findWebSocket(
  given: WebSocketConstructor | undefined,
): Promise<WebSocketConstructor | undefined> {
  const known = given ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined)
  // Known at run time only, so that no bundler follows it: a browser's bundle holds no `ws`, and needs none.
  const name = globalThis.process?.release && 'ws'
  if (known || !name) return known
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)).default
}
