import { defineChannels } from '../../src/hub/channels.ts'
import { createServer } from '../../src/server/create-server.ts'
import { openHttp } from '../../src/testing/wire/http.ts'
import { within } from '../../src/testing/wire/inbox.ts'
import { createBlockSplitter } from '../../src/testing/wire/sse.ts'
import { startHaproxy } from '../proxy/haproxy.ts'
import { startNginx } from '../proxy/nginx.ts'
import { needs } from '../support/needs.ts'
import { type Attack, attackCase } from './attack-case.ts'
import { inTurns } from './bytes.ts'
import type { AbuseCase, Stage } from './case.ts'

/** What a proxy in front makes of the answers: nothing of one reader may be kept for another, and nothing held back. */

const origins = ['https://one.example.com', 'https://two.example.com']

/** A server with letters of two people, and something for everyone. */
async function postOffice() {
  const server = createServer({
    limits: { refusals: false },
    heartbeatMs: 5_000,
    channels: defineChannels({
      open: { read: 'public', send: 'public' },
      'letters/*': { read: (who, { params }) => who?.id === params[0], send: 'signed-in' },
      mine: { read: 'signed-in', onSend: ({ who }) => ({ of: who?.id }) },
    }),
    origins,
    authenticate: ({ headers }) => {
      const id = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1]
      return id === undefined ? null : { id }
    },
  })
  const { port } = await server.listen({ port: 0 })
  for (const name of ['open', 'letters/ann', 'letters/bob', 'mine'] as const)
    await server.channel(name).publish('message', `for ${name}`)
  return { server, port, url: `http://127.0.0.1:${port}` }
}

interface Ask {
  readonly path: string
  readonly who: string | undefined
  readonly origin: string | undefined
}

/** Everything that anybody asks, over and over, in an order that no cache could like less. */
const asks: readonly Ask[] = [
  '/live/open?after=earliest&limit=10',
  '/live/letters/ann?after=earliest&limit=10',
  '/live/letters/bob?after=earliest&limit=10',
  '/live/mine?after=earliest&limit=10',
  '/live/open?limit=x',
  '/live/absent?after=earliest&limit=10',
  '/live/_status',
  '/live/open.css?after=earliest&limit=10',
].flatMap((path) =>
  [undefined, 'ann', 'bob'].flatMap((who) =>
    [undefined, ...origins].map((origin) => ({ path, who, origin })),
  ),
)

/** What an answer shows its reader, and whether it came out of the cache. */
async function ask(base: string, { path, who, origin }: Ask): Promise<{ text: string; hit: boolean }> {
  const response = await openHttp(new URL(base + path), {
    headers: { ...(who !== undefined && { authorization: `Bearer ${who}` }), ...(origin && { origin }) },
  })
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const shown = ['access-control-allow-origin', 'content-type'].map((name) => response.headers[name])
  return {
    text: JSON.stringify([response.statusCode, shown, Buffer.concat(chunks).toString()]),
    hit: response.headers['x-cache'] === 'HIT',
  }
}

/** A cache that keeps whatever it may, errors too, and knows a request by its URL alone. */
async function poison(program: string, stage: Stage): Promise<string> {
  const office = await postOffice()
  const nginx = await startNginx(program, {
    http: 'proxy_cache_path FOLDER/cache keys_zone=all:1m;',
    location: `proxy_pass ${office.url};
proxy_set_header Host $http_host;
proxy_cache all;
proxy_cache_key $request_uri;
proxy_cache_methods GET HEAD POST;
proxy_cache_valid any 10m;
add_header X-Cache $upstream_cache_status always;`,
  })
  try {
    const expected = new Map<Ask, string>()
    for (const one of asks) expected.set(one, (await ask(office.url, one)).text)
    const order = Array.from({ length: stage.times }, (_, i) => asks[(i * 31 + (i >> 3)) % asks.length]!)
    const seen = await inTurns(order, 20, async (one) => ({ one, ...(await ask(nginx.url, one)) }))
    const crossed = seen.filter(({ one, text }) => text !== expected.get(one))
    const kept = seen.filter(({ one, hit }) => hit && !one.path.startsWith('/live/open?after'))
    const works = seen.some(({ hit }) => hit)
    const sends = await Promise.all(
      ['ann', 'bob'].map(async (who) => {
        const headers = { authorization: `Bearer ${who}`, 'content-type': 'application/json' }
        const answer = await fetch(`${nginx.url}/live/mine`, { method: 'POST', headers, body: '1' })
        return (await answer.text()) === `{"data":{"of":"${who}"}}`
      }),
    )
    return `${crossed.length} crossed, ${kept.length} private or refused kept, ${works ? 'public kept' : 'none kept'}, ${sends.every(Boolean) ? 'sends apart' : 'sends crossed'}`
  } finally {
    await nginx.stop()
    await office.server.close()
  }
}

/** The longest that an event may take through a proxy: one that holds back does so until its buffer of kilobytes is full. */
const promptMs = 2_000

/** Whether the first block, and then one small event, come through as they are sent. */
async function comesAtOnce(url: string, publish: () => Promise<unknown>): Promise<string> {
  const response = await openHttp(new URL(`${url}/live/open`))
  try {
    const names: string[] = []
    response.setEncoding('utf8')
    response.on(
      'data',
      createBlockSplitter(({ event }) => void names.push(event)),
    )
    const until = async (name: string): Promise<void> => {
      while (!names.includes(name)) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await within('the first heartbeat', until('$heartbeat'), promptMs)
    await publish()
    await within('the first event', until('message'), promptMs)
    return 'at once'
  } finally {
    response.destroy()
  }
}

async function buffer(nginxProgram: string, haproxyProgram: string): Promise<string> {
  const office = await postOffice()
  const started: { readonly url: string; stop(): Promise<void> }[] = []
  const start = async <P extends { readonly url: string; stop(): Promise<void> }>(proxy: Promise<P>) => {
    const one = await proxy
    started.push(one)
    return one.url
  }
  try {
    const pass = `proxy_pass ${office.url};`
    const urls = {
      nginx: await start(startNginx(nginxProgram, { location: pass })),
      'nginx that compresses': await start(
        startNginx(nginxProgram, { location: pass, http: 'gzip on;\ngzip_proxied any;\ngzip_types *;' }),
      ),
      haproxy: await start(startHaproxy(haproxyProgram, [office.port])),
    }
    const seen: string[] = []
    for (const [name, url] of Object.entries(urls))
      seen.push(
        `${name} ${await comesAtOnce(url, () => office.server.channel('open').publish('message', 1))}`,
      )
    return seen.join(', ')
  } finally {
    for (const { stop } of started) await stop()
    await office.server.close()
  }
}

const nginx = needs('nginx')
const haproxy = needs('haproxy')

/** Each as a case; without the programs there are none, which `test:abuse` says. */
export const proxyAttacks: readonly AbuseCase[] = (
  nginx === undefined || haproxy === undefined
    ? []
    : ([
        {
          row: '21',
          name: 'cache-poisoning',
          expected: '0 crossed, 0 private or refused kept, public kept, sends apart',
          run: (stage) => poison(nginx, stage),
        },
        {
          row: '22',
          name: 'proxy-buffering',
          expected: 'nginx at once, nginx that compresses at once, haproxy at once',
          run: () => buffer(nginx, haproxy),
        },
      ] satisfies Attack[])
).map(attackCase)
