import { describe } from 'vitest'
import { needs } from '../support/needs.ts'
import { inBrowser, inEachWay, inEarnest, inOneWay } from './browser-cases.ts'
import { startChromium } from './tabs.ts'

inBrowser({ name: 'Chromium', path: needs('chromium'), start: startChromium }, (browser) => {
  describe('in development mode', () => inEachWay(browser, false, ['websocket']))
  // In this browser alone: what differs is a cookie and a form.
  describe('in earnest', () => inEachWay(browser, true, ['sse', 'long-poll']))
  describe('in earnest, besides', () => inEarnest(browser))
  describe('besides', () => inOneWay(browser))
})
