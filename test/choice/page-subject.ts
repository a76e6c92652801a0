import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { clientModule } from '../../src/server/client-module.ts'
import type { Browser, Page } from '../browser/driver.ts'
import type { Subject } from './session.ts'

const page = `<!doctype html><meta charset="utf-8"><title>A page</title><script type="module">
  import { connect } from '/client.js'
  window.open = (port, options, isHasty) => {
    const clock = {
      now: () => Date.now(),
      after: (ms, fn) => {
        const timer = setTimeout(fn, ms)
        return () => clearTimeout(timer)
      },
      random: () => Math.random() / (isHasty ? 4 : 1),
    }
    const got = []
    const client = connect('http://127.0.0.1:' + port + '/live', { ...options, clock })
    client.channel('feed', { after: 'earliest' }).on('n', (n) => got.push([n, Date.now()]))
    window.look = () => ({
      state: { ...client.state },
      got,
      decisions: client
        .explain()
        .decisions.map(({ kind, from = '', to = '', reason }) => kind + ' ' + from + '→' + to + ': ' + reason),
    })
  }
  window.isReady = true
</script>`

type Opened = Window & {
  open(port: number, options: object, isHasty: boolean): void
  look(): Awaited<ReturnType<Subject['look']>>
}

/** A client in a page of this browser. The page comes past the proxy: only the client's own lines run through it. */
export async function pageSubject(browser: Browser): Promise<Subject> {
  const { body } = await clientModule()
  const site = createServer((request, response) => {
    const isScript = request.url === '/client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? body : page)
  }).listen(0, '127.0.0.1')
  await once(site, 'listening')
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  const tab: Page = await browser.open(`${origin}/`)
  return {
    origin,
    open: (port, options, isHasty) =>
      tab.evaluate((given) => (window as unknown as Opened).open(given.port, given.options, given.isHasty), {
        port,
        options,
        isHasty,
      }),
    look: () => tab.evaluate(() => (window as unknown as Opened).look()),
    async close() {
      await tab.close()
      site.closeAllConnections()
      site.close()
    },
  }
}
