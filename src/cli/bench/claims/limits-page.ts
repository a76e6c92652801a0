/** What no measurement on one machine shows, and what each of the two cannot do: the last page of the report. */
export const limitsPage = `## Honest limits of both

**Server-Sent Events**

- One way. What goes up is another request, whose order someone must keep (E11), and which pays for its headers (E1).
- Text. Bytes grow by a third (E2).
- A native \`EventSource\` sends no headers: a cookie or a ticket must do. It learns of a refusal only that there was one.
- It comes back after a cut, and never after a status other than 200: a 502 in the middle of a deploy ends it.
- The id that it repeats is worth what the server’s log is worth. Without a log events are lost, and nothing says so.
- Over HTTP/1.1 six connections of a browser are all there are for a host, and every tab counts (E10).
- It passes nearly every proxy, and some of them hold it: buffers, scanners, compression that waits. Nothing reports an error.

**WebSocket**

- Reconnecting, resuming, and noticing a dead line are the application’s (E12); so is order across a reconnect.
- It cannot say why it was refused: a page sees that it was closed.
- A browser’s sends no headers either: a cookie, a ticket, or a first message.
- Proxies that inspect TLS often drop the upgrade. Over HTTP/2 few servers offer it.
- A page’s \`onmessage\` cannot ask the server to wait: what comes faster than it is handled piles up in the page.
- Nothing of HTTP works on it: no caching, no status, no compression but its own, no ranges, no tools that read a request.

**Both**

- A connection that lives: a descriptor, memory, state on one server, and a deploy that must end it (E5).
- A line that died quietly looks like one that is quiet: both need a heartbeat and someone who listens for it.
- No connection survives a new network address. Coming back to the right place is what helps.
- Several servers need a shared log to broadcast. Stickiness replaces none of it (E6).
- A slow reader is the server’s matter: its queue must end somewhere.

**This report**

- One machine, loopback, no TLS, no radio, no proxies in between: the network’s share of every delay is missing, and with it most of what people feel.
- It measures Node’s \`http\`, \`http2\` and \`ws\`. Other servers have other prices; what is counted (bytes, order, streams) stays.
- Server and readers share the processors, so with many readers the reader is part of the figure.
- How many people’s networks block the one or hold the other is not known, here or anywhere that could be cited.`
