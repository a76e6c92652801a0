import { createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { openLines } from '../../examples/shop/server/lines.ts'
import { openQuietShopOn } from './open-shop.ts'
import { SharedLog } from './shared-log.ts'

const line = 'page-0123456789'

describe("a page's line to several servers", () => {
  it('is cut on the server that has it, whichever is told, and whole again on both', async () => {
    const log = new SharedLog()
    await using first = await openQuietShopOn(log.open())
    await using second = await openQuietShopOn(log.open())
    const closing = new AbortController()
    const servers = await Promise.all(
      [first, second].map(async ({ live }) => {
        const http = createServer()
        const lines = openLines(http, live, (_, response) => void response.end())
        void lines.follow(closing.signal)
        await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
        return { http, lines, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }
      }),
    )
    try {
      const [here, there] = servers as [(typeof servers)[0], (typeof servers)[0]]
      const stream = await open(there.url)
      expect(await here.lines.cut(line, 60_000)).toBe(0)
      expect(await stream.ended).toBe('ECONNRESET')
      await expect(fetch(`${there.url}/line/${line}/live/stock?limit=1`)).rejects.toThrow()
      await here.lines.cut(line, 0)
      await vi.waitFor(async () =>
        expect((await fetch(`${there.url}/line/${line}/live/stock?limit=1`)).status).toBe(200),
      )
    } finally {
      closing.abort()
      for (const { http } of servers) end(http)
    }
  })
})

/** Opens a stream; `ended` tells how it ended, by the system's code. */
function open(url: string): Promise<{ ended: Promise<string | undefined> }> {
  return new Promise((resolve, reject) => {
    const asked = get(`${url}/line/${line}/live/stock`, (response) => {
      const ended = new Promise<string | undefined>((done) => {
        response.on('error', (error: NodeJS.ErrnoException) => done(error.code))
        response.on('end', () => done(undefined))
      })
      response.once('data', () => resolve({ ended }))
    })
    asked.on('error', reject)
  })
}

function end(http: Server): void {
  http.close()
  http.closeAllConnections()
}
