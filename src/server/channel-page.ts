import type { IncomingMessage, ServerResponse } from 'node:http'

/** A person opened a channel's URL in a browser: says what it is, with the lines to try. */
export function serveChannelPage(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  dev: boolean,
): void {
  const host = request.headers.host ?? 'localhost'
  const url = `http://${host}${path}`
  const body = Buffer.from(page(escapeHtml(path), escapeHtml(url), dev))
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
    'x-content-type-options': 'nosniff',
    // A ticket may stand in this page's URL.
    'referrer-policy': 'no-referrer',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function page(path: string, url: string, dev: boolean): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${path} · Fairlead</title>
<style>
:root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }
body { max-width: 44rem; margin: 3rem auto; padding: 0 1.25rem }
h1 { font-size: 1.4rem; overflow-wrap: anywhere }
pre { padding: .8rem 1rem; border-radius: .5rem; background: color-mix(in srgb, CanvasText 8%, Canvas); overflow-x: auto }
</style>
<h1>${path}</h1>
<p>This is a live channel: an ordered history of events, read as Server-Sent Events, over a WebSocket or by long-poll, and written to with a POST.${dev ? '' : ' Reading and sending need permission.'}</p>
<p>Follow it from a terminal:</p>
<pre>curl -N ${url}</pre>
<p>Follow it from a page:</p>
<pre>new EventSource('${path}').onmessage = (event) =&gt; console.log(event.data)</pre>
<p>Send an event:</p>
<pre>curl -H 'content-type: application/json' -d '"hello"' ${url}</pre>
<p>Read what is kept:</p>
<pre>curl '${url}?after=earliest&amp;limit=10'</pre>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (unit) => `&#${unit.charCodeAt(0)};`)
}
