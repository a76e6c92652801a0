import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startCli } from '../cli/cli-process.ts'
import { needs } from '../support/needs.ts'

const executablePath = needs('chromium')

describe.skipIf(!executablePath)('the page of fairlead serve', () => {
  let browser: Browser

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
    browser = await chromium.launch({ executablePath: executablePath!, args })
  })

  afterAll(() => browser?.close())

  /** Opens the page of a fresh server; what the browser complains of is in `complaints`. */
  async function openPage(): Promise<{ page: Page; complaints: string[] }> {
    const server = startCli(['serve', '--port', '0', '--json'])
    const line = await server.until(({ stdout }) => /^.*\n/.exec(stdout)?.[0])
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } })
    onTestFinished(() => page.close())
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(JSON.parse(line).url)
    await page.getByText('open over').waitFor()
    return { page, complaints }
  }

  it('sends and shows events on each transport, under its own content security policy', async () => {
    const { page, complaints } = await openPage()
    for (const [index, name] of ['WebSocket', 'Long-poll', 'SSE'].entries()) {
      await page.getByRole('button', { name, exact: true }).click()
      await page.getByText(`open over ${name}`).waitFor()
      await page.getByLabel('Data, as JSON').fill(`{"<b>":${index}}`)
      await page.getByRole('button', { name: 'Send', exact: true }).click()
      await page.locator('#events .data', { hasText: `{"<b>":${index}}` }).waitFor()
      await page.getByText(/^Stored as \w+\.\d+ \(memory\)$/).waitFor()
    }
    expect(await page.locator('#events li').count()).toBe(3)
    expect(await page.locator('#position').textContent()).toMatch(/\.3$/)
    expect(complaints).toEqual([])
  })

  it('says what is wrong with data that is no JSON, and follows another channel', async () => {
    const { page } = await openPage()
    await page.getByLabel('Data, as JSON').fill('{')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.locator('#answer.bad').waitFor()
    await page.getByLabel('Channel').fill('orders')
    await page.getByLabel('Channel').press('Enter')
    await page.getByText(/^curl -N http.*\/live\/orders$/).waitFor()
    await page.getByLabel('Data, as JSON').fill('1')
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.locator('#events .data', { hasText: '1' }).waitFor()
  })

  it('is no wider than a phone', async () => {
    const { page } = await openPage()
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  })
})
