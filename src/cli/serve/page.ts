import { createHash } from 'node:crypto'
import { pageScript } from './page-script.ts'
import { pageStyle } from './page-style.ts'

/** A page with the headers to send it with. */
export interface Page {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** The page at `/` of a server in development mode: one live channel, to watch and to send to. */
export function createPage(base: string): Page {
  const script = pageScript(base)
  const policy = [
    "default-src 'none'",
    `script-src 'self' ${hashOf(script)}`,
    `style-src ${hashOf(pageStyle)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    body: html(base, script),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  }
}

/** Names an inline text in the policy, so that no other inline text runs. */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

function html(base: string, script: string): string {
  const url = `ORIGIN${base}/CHANNEL`
  const lines = [
    ['Watch in a terminal', `curl -N ${url}`],
    [
      'Send',
      `curl -d '{"hello":"world"}' \\\n  -H 'content-type: application/json' \\\n  '${url}?event=greeting'`,
    ],
    ['Watch over WebSocket', `npx fairlead tail ORIGIN${base} CHANNEL \\\n  --transport websocket`],
    [
      'In a page of your own',
      `const source = new EventSource(\n  '${url}')\nsource.addEventListener('greeting',\n  (e) => console.log(e.lastEventId, e.data))`,
    ],
  ] as const
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fairlead, development mode</title>
<link rel="icon" href="data:,">
<style>${pageStyle}</style>
</head>
<body>
<main>
  <header>
    <h1>Fairlead</h1>
    <span class="mode">Development mode: anyone on this machine may read and send</span>
  </header>

  <section class="card bar">
    <form id="follow" class="field">
      <label for="channel">Channel</label>
      <input id="channel" autocomplete="off" spellcheck="false" required>
    </form>
    <div class="field">
      <span>Transport</span>
      <div class="picker" role="group" aria-label="Transport">
        <button type="button" data-transport="sse" aria-pressed="false">SSE</button>
        <button type="button" data-transport="websocket" aria-pressed="false">WebSocket</button>
        <button type="button" data-transport="long-poll" aria-pressed="false">Long-poll</button>
      </div>
    </div>
    <div class="state" role="status">
      <span><span id="dot" class="dot"></span><b id="phase">connecting</b></span>
      <span>position <code id="position">none yet</code></span>
    </div>
  </section>

  <div class="columns">
    <section class="card">
      <h2>Events, newest first</h2>
      <p id="empty">None yet. Send one, here or from a terminal.</p>
      <ul id="events" aria-live="polite"></ul>
    </section>
    <div class="column">
      <section class="card">
        <h2>Send</h2>
        <form id="send" class="send">
          <label class="field">Event <input id="event" value="greeting" autocomplete="off" spellcheck="false"></label>
          <label class="field">Data, as JSON <textarea id="data" rows="2" spellcheck="false">{"hello":"world"}</textarea></label>
          <div><button class="main">Send</button></div>
          <p id="answer" role="status"></p>
        </form>
      </section>
      <section class="card try">
        <h2>The same from elsewhere</h2>
        ${lines.map(([purpose, line]) => `<p>${purpose}</p>\n        <pre data-line="${escapeAttribute(line)}"></pre>`).join('\n        ')}
      </section>
    </div>
  </div>
</main>
<script type="module">${script}</script>
</body>
</html>
`
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
}
