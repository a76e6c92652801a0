import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer, type FairleadServer } from '../../src/server/create-server.ts'
import type { ServerOptions } from '../../src/server/options.ts'
import { needs } from '../support/needs.ts'

/**
 * What a page of another origin gets out of a real browser whose user is signed in: another port of the same host, which
 * shares its cookies, and another site altogether.
 */

const executablePath = needs('chromium')
const cookie = 'who=ann; Path=/; SameSite=None; Secure'

/** Where the page is that does it, given where the site is. */
type Origin = (site: string) => string

interface Place {
  readonly fairlead: FairleadServer
  readonly http: Server
  readonly url: string
}

/** Its `letters` are for who has the cookie. */
const withRules: ServerOptions = {
  channels: { letters: { read: 'signed-in', send: 'signed-in' } },
  authenticate: ({ headers }) => (headers.cookie?.includes('who=ann') ? { id: 'ann' } : null),
}

/** A site that hands its visitors the cookie. */
async function openSite(options: ServerOptions): Promise<Place> {
  const fairlead = createServer(options)
  const http = createHttpServer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html', 'set-cookie': cookie })
      .end('<!doctype html><title>Site</title>')
  })
  fairlead.attach(http)
  const port = await listen(http)
  return { fairlead, http, url: `http://localhost:${port}` }
}

/** A page that means no good, on every name. */
async function openAttacker(): Promise<{ http: Server; port: number }> {
  const http = createHttpServer((_, response) => {
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!doctype html><title>Elsewhere</title><iframe name="sink"></iframe>')
  })
  return { http, port: await listen(http) }
}

async function listen(http: Server): Promise<number> {
  http.listen(0, 'localhost')
  await once(http, 'listening')
  return (http.address() as AddressInfo).port
}

/** Runs in the page: every way to send that a page has. Resolves when each has come to an end. */
async function sendEveryWay(url: string): Promise<string[]> {
  const seen: string[] = []
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json',
    'application/octet-stream',
  ]
  for (const type of types) {
    for (const mode of ['no-cors', 'cors'] as const) {
      const init = {
        method: 'POST',
        mode,
        credentials: 'include',
        headers: { 'content-type': type },
        body: '"forged"',
      } as const
      const answer = await fetch(url, init).catch(() => undefined)
      seen.push(
        `fetch ${mode} ${type}: ${answer?.type === 'opaque' ? 'opaque' : (answer?.status ?? 'blocked')}`,
      )
    }
    navigator.sendBeacon(url, new Blob(['"forged"'], { type }))
  }
  for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const form = document.createElement('form')
    Object.assign(form, { method: 'POST', action: url, enctype, target: 'sink' })
    const field = document.createElement('input')
    Object.assign(field, { name: '{"a":"', value: '"}' })
    form.append(field)
    document.body.append(form)
    const loaded = new Promise((resolve) => {
      document.querySelector('iframe')!.onload = resolve
    })
    form.submit()
    await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, 2_000))])
  }
  await new Promise((resolve) => {
    const image = new Image()
    image.onload = image.onerror = resolve
    image.src = `${url}?event=forged`
  })
  return seen
}

/** Runs in the page: every way to read that a page has; what came of each. */
async function readEveryWay(url: string): Promise<Record<string, string>> {
  const websocket = await new Promise<string>((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    socket.onopen = () => resolve('open')
    socket.onclose = () => resolve('refused')
  })
  const stream = await new Promise<string>((resolve) => {
    const source = new EventSource(url, { withCredentials: true })
    source.onopen = () => resolve('open')
    source.onerror = () => resolve('refused')
  })
  const read = async (init: RequestInit) =>
    fetch(url + (url.includes('_') ? '' : '?limit=10&after=earliest'), init).then(
      (answer) => answer.text(),
      () => 'refused',
    )
  const script = await new Promise<string>((resolve) => {
    const element = document.createElement('script')
    element.onload = () => resolve('loaded')
    element.onerror = () => resolve('refused')
    element.src = `${url}?limit=10&after=earliest`
    document.body.append(element)
  })
  return {
    websocket,
    stream,
    history: await read({ credentials: 'include' }),
    opaque: await read({ credentials: 'include', mode: 'no-cors' }),
    script,
  }
}

/** Runs in the page. */
async function readAndSend(url: string): Promise<(number | string)[]> {
  const read = await fetch(`${url}?limit=10&after=earliest`)
  const headers = { 'content-type': 'application/json' }
  const sent = await fetch(url, { method: 'POST', headers, body: '"own"' })
  return [read.status, await read.text(), sent.status]
}

describe.skipIf(!executablePath)('a page of another origin, in Chromium', () => {
  let browser: Browser
  let attacker: Awaited<ReturnType<typeof openAttacker>>

  beforeAll(async () => {
    attacker = await openAttacker()
    const args = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--host-resolver-rules=MAP evil.test 127.0.0.1, MAP *.evil.test 127.0.0.1',
    ]
    browser = await chromium.launch({ executablePath: executablePath!, args })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    attacker?.http.close()
  })

  /** Signs in on the site, goes to the attacker's page in the same profile, and does what the case does. */
  async function attack(
    options: ServerOptions,
    origin: Origin,
    run: (page: Page, place: Place) => Promise<void>,
  ): Promise<void> {
    const place = await openSite(options)
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(place.url)
      await page.goto(origin(place.url))
      await run(page, place)
    } finally {
      await context.close()
      place.http.close()
      place.http.closeAllConnections()
      await place.fairlead.close()
    }
  }

  const anotherPort: Origin = () => `http://localhost:${attacker.port}`
  const elsewhere: Origin = () => `http://evil.test:${attacker.port}`
  const origins: readonly (readonly [string, Origin])[] = [
    ['another port of the same host', anotherPort],
    ['another site', elsewhere],
  ]

  for (const [title, origin] of origins) {
    it(`from ${title}, stores nothing, whichever way it sends`, { timeout: 60_000 }, () =>
      attack(withRules, origin, async (page, { fairlead, url }) => {
        const seen = await page.evaluate(sendEveryWay, `${url}/live/letters`)
        expect(seen.filter((one) => /: 2\d\d$/.test(one))).toEqual([])
        expect((await fairlead.channel('letters').history()).events).toEqual([])
      }),
    )

    it(`from ${title}, reads nothing, whichever way it reads`, { timeout: 60_000 }, () =>
      attack(withRules, origin, async (page, { fairlead, url }) => {
        await fairlead.channel('letters').publish('message', 'private')
        const seen = await page.evaluate(readEveryWay, `${url}/live/letters`)
        expect(seen).toEqual({
          websocket: 'refused',
          stream: 'refused',
          history: 'refused',
          opaque: expect.not.stringContaining('private'),
          script: 'refused',
        })
      }),
    )
  }

  it('from another site, gets nothing of development mode', { timeout: 60_000 }, () =>
    attack({ dev: true }, elsewhere, async (page, { fairlead, url }) => {
      await fairlead.channel('orders').publish('message', 'private')
      await page.evaluate(sendEveryWay, `${url}/live/orders`)
      const seen = await page.evaluate(readEveryWay, `${url}/live/orders`)
      expect(seen).toMatchObject({ websocket: 'refused', stream: 'refused', history: 'refused' })
      expect((await fairlead.channel('orders').history()).events).toHaveLength(1)
    }),
  )

  it('whose name was bound to this machine anew, gets nothing of development mode', {
    timeout: 60_000,
  }, () => {
    // The application's page answers every name; Fairlead's part of the same origin does not.
    const rebound: Origin = (site) => site.replace('localhost', 'rebound.evil.test')
    return attack({ dev: true }, rebound, async (page, { fairlead, url: site }) => {
      const url = `${rebound(site)}/live/orders`
      await fairlead.channel('orders').publish('message', 'private')
      expect(await page.evaluate(readAndSend, url)).toEqual([
        403,
        expect.stringContaining('host_not_allowed'),
        403,
      ])
      expect(await page.evaluate(readEveryWay, url)).toMatchObject({
        websocket: 'refused',
        stream: 'refused',
      })
      expect((await fairlead.channel('orders').history()).events).toHaveLength(1)
    })
  })

  it('of the same origin, reads and sends: the cookie works', { timeout: 60_000 }, () =>
    attack(
      withRules,
      (site) => site,
      async (page, { url }) => {
        const [read, text, sent] = await page.evaluate(readAndSend, `${url}/live/letters`)
        expect([read, JSON.parse(String(text)).events, sent]).toEqual([200, [], 201])
        expect(await page.evaluate(readEveryWay, `${url}/live/letters`)).toMatchObject({
          websocket: 'open',
          stream: 'open',
        })
      },
    ),
  )

  // The browser keeps the cookie from another site by itself; from another port it does not.
  it('from another port, does it all where every origin may: the attack is one', { timeout: 60_000 }, () =>
    attack({ ...withRules, origins: ['*'] }, anotherPort, async (page, { fairlead, url }) => {
      await page.evaluate(sendEveryWay, `${url}/live/letters`)
      expect((await fairlead.channel('letters').history()).events.length).toBeGreaterThan(0)
      expect(await page.evaluate(readEveryWay, `${url}/live/letters`)).toMatchObject({
        websocket: 'open',
        stream: 'open',
        history: expect.stringContaining('forged'),
      })
    }),
  )
})
