/** One of the advisor's constants: where it comes from is printed with what it decides. */
export interface Constants {
  /** Where the figures come from, in words. */
  readonly source: string
  /** Whether they were measured where the advice is to be used. */
  readonly measuredHere: boolean
  /** Processor time of the server, in microseconds. */
  readonly cpu: {
    /** One POST that publishes one message. */
    readonly post: number
    /** One WebSocket message from the client. */
    readonly frame: number
    /** One event to one reader: SSE, WebSocket. */
    readonly sseEvent: number
    readonly websocketEvent: number
    /** One long-poll or one GET, answered. */
    readonly request: number
  }
  /** Memory of the server’s program for one connection that waits, in bytes. */
  readonly memory: { readonly sse: number; readonly websocket: number; readonly longPoll: number }
  /** Time from send to the answer beyond the round trip, in milliseconds. */
  readonly overheadMs: { readonly post: number; readonly frame: number }
}

/** Measured by `fairlead advise --measure` on two cores of a shared Linux machine, Node 20, loopback. */
export const builtInConstants: Constants = {
  source: 'fairlead advise --measure on one Linux machine',
  measuredHere: false,
  cpu: { post: 580, frame: 230, sseEvent: 3, websocketEvent: 1.2, request: 480 },
  memory: { sse: 7300, websocket: 4400, longPoll: 17_000 },
  overheadMs: { post: 1.3, frame: 0.4 },
}

/**
 * Bytes on the wire beside the payload, counted on Node 20 without TLS, with headers like a browser's and a cookie of
 * 136 bytes. They grow with cookies; frames and packets below are equal for all transports and left out.
 */
export const wireBytes = {
  postUp: { h1: 757, h2: 50, h3: 50, unknown: 400 },
  postDown: { h1: 111, h2: 11, h3: 11, unknown: 60 },
  pollUp: { h1: 645, h2: 50, h3: 50, unknown: 350 },
  pollDown: { h1: 250, h2: 30, h3: 30, unknown: 140 },
  sseEvent: { h1: 40, h2: 43, h3: 43, unknown: 42 },
  frameUp: 6,
  frameDown: 2,
  sseHeartbeat: 8,
  websocketHeartbeat: 8,
  /** A connection of its own: TCP, TLS 1.3 and the handshake of WebSocket. */
  newConnection: 5500,
} as const

/** How often an idle connection says that it is there, and how long a long-poll waits, in seconds. */
export const heartbeatSeconds = 25
