import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { tickets } from '../../src/access/tickets.ts'
import type { Page } from './driver.ts'
import { NativeEventSource, sawAll } from './event-source.ts'
import { counter, cutPoints } from './numbered.ts'
import { type BrowserCase, inEachBrowser, type Stage, seen } from './stage.ts'

/** A site behind a line, whose channels are for who is signed in by cookie, and a page of it with a ticket for one. */
async function withTicket(stage: Stage, ttlMs: number) {
  const site = await stage.site({
    channels: { letters: { read: 'signed-in' }, diary: { read: 'signed-in' } },
    authenticate: ({ headers }) => (headers.cookie?.includes('who=ann') ? { id: 'ann' } : null),
    tickets: tickets({ keys: [randomBytes(32)], ttlMs }),
  })
  // Firefox waits half a second all the same.
  const line = await stage.line(site, { retryMs: 50 })
  const page = await stage.open(`${line.url}/`)
  const ticket = await page.evaluate(getTicket, 'letters')
  const source = await NativeEventSource.open(page, `/live/letters?ticket=${ticket}`, ['numbered'])
  await source.seen('$heartbeat')
  return { site, line, page, ticket, source }
}

/** Runs in the page: signs in, gets a ticket, and signs out, so that no cookie opens what the ticket has to. */
async function getTicket(channel: string): Promise<string> {
  // biome-ignore lint/suspicious/noDocumentCookie: Firefox has no Cookie Store API.
  document.cookie = 'who=ann'
  const response = await fetch('/live/_ticket', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channels: [channel] }),
  })
  // biome-ignore lint/suspicious/noDocumentCookie: Firefox has no Cookie Store API.
  document.cookie = 'who=; max-age=0'
  const { ticket, code } = await response.json()
  if (!ticket) throw new Error(`There was no ticket: ${response.status} ${code}`)
  return ticket
}

/** How a request of the page is refused: its status and code. */
function refusal(page: Page, url: string): Promise<string> {
  return page.evaluate(async (url) => {
    const response = await fetch(url)
    return `${response.status} ${(await response.json()).code}`
  }, url)
}

/** The page's EventSource was refused for good: it does not come back. */
async function stopped(source: NativeEventSource): Promise<void> {
  await seen(
    () => source.readyState(),
    (state) => state === 2,
    'the EventSource to be closed',
  )
}

const cases: readonly BrowserCase[] = [
  {
    name: 'loses nothing over ten cuts, keeps the order, and reads no other channel',
    async run(stage) {
      const { site, line, page, ticket, source } = await withTicket(stage, 600_000)
      expect(await refusal(page, '/live/letters?limit=1')).toBe('401 auth_required')
      const publish = counter(site, 'letters')
      for (const [index, bytes] of cutPoints.entries()) {
        const cut = line.cutAfter(bytes, index % 2 === 0 ? 'reset' : 'end')
        await publish(5)
        await cut
        await sawAll(source, await publish(3))
      }
      expect(await source.count('error')).toBeGreaterThanOrEqual(cutPoints.length)
      expect(await source.of('$reset')).toEqual([])

      const other = await NativeEventSource.open(page, `/live/diary?ticket=${ticket}`, [])
      await stopped(other)
      expect(await other.all()).toEqual([{ type: 'error' }])
      expect(await refusal(page, `/live/diary?limit=1&ticket=${ticket}`)).toBe('403 forbidden')
    },
  },
  {
    name: 'is told $bye when the ticket ends, and is then refused for good',
    async run(stage) {
      const { site, page, ticket, source } = await withTicket(stage, 2_000)
      await sawAll(source, await counter(site, 'letters')(3))
      const [bye] = await source.seen('$bye')
      expect(JSON.parse(bye!.data!)).toMatchObject({ reason: 'auth_expired' })
      await stopped(source)
      expect((await source.all()).slice(-3).map(({ type }) => type)).toEqual(['$bye', 'error', 'error'])
      expect(await refusal(page, `/live/letters?limit=1&ticket=${ticket}`)).toBe('401 token_expired')
    },
  },
]

inEachBrowser('a native EventSource with a ticket', cases)
