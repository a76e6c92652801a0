import { describe, it } from 'vitest'
import { needs } from '../support/needs.ts'
import { beginAnew, inBrowser, inEachWay } from './browser-cases.ts'
import { startFirefox } from './tabs.ts'

inBrowser({ name: 'Firefox', path: needs('firefox'), start: startFirefox }, (browser) => {
  describe('in development mode', () => inEachWay(browser, false, ['sse', 'websocket']))
  it('comes back by itself after the shop was killed and begins anew', () => beginAnew(browser()))
})
