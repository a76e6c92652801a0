import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { openShop } from '../../examples/shop/server/app.ts'
import { seeded } from '../../examples/shop/shoppers/random.ts'
import { shop as goShopping } from '../../examples/shop/shoppers/shopper.ts'
import { emptyTally } from '../../examples/shop/shoppers/tally.ts'
import { get } from './shop-process.ts'
import { openHere } from './ways.ts'

const folder = fileURLToPath(new URL('../../examples/shop/', import.meta.url))

describe('the shoppers', () => {
  it.each([
    ['in development mode', false],
    ['in earnest', true],
  ])('order what they say they ordered in a shop %s', async (_, secure) => {
    await using shop = await openHere(secure)
    const leaving = new AbortController()
    const tally = emptyTally()
    try {
      const shopping = [1, 2, 3].map((seed) =>
        goShopping({ url: shop.url, random: seeded(seed), everyMs: 5, tally, signal: leaving.signal }),
      )
      while (tally.placed < 60) await new Promise((resolve) => setImmediate(resolve))
      leaving.abort()
      await Promise.all(shopping)
      const { count, revenueCents } = await shop.read<{ count: number; revenueCents: number }>(
        '/api/dashboard/orders',
      )
      // An order that was on its way when they left may have been placed without their knowing.
      expect(count - tally.placed).toBeLessThanOrEqual(3)
      expect(count).toBeGreaterThanOrEqual(tally.placed)
      expect(revenueCents).toBeGreaterThanOrEqual(tally.cents)
      expect(tally.failed).toBe(0)
    } finally {
      leaving.abort()
    }
  })

  it('are visitors of the shop until they go home by themselves', async () => {
    const shop = await openShop({ port: 0, restockMs: 0 })
    try {
      const args = [
        '--import',
        'tsx',
        'shoppers/main.ts',
        '7',
        '--rate',
        '20',
        '--for',
        '3',
        '--url',
        shop.url,
      ]
      const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      const members = async () =>
        (await get<{ members: string[] }>(`${shop.url}/live/_presence/visitors`)).members
      while ((await members()).length < 7 && child.exitCode === null);
      expect(await members()).toHaveLength(7)
      expect(await ended).toBe(0)
      expect(said).toMatch(/^7 shoppers at .*\n[\s\S]*\d+ s: \d+ orders, \d+ pieces, €\d+\.\d\d/)
      expect(await members()).toEqual([])
    } finally {
      await shop.close()
    }
  })
})

describe('seeded chance', () => {
  it('is the same for the same seed, and even', () => {
    const first = Array.from({ length: 1000 }, seeded(7))
    expect(Array.from({ length: 1000 }, seeded(7))).toEqual(first)
    expect(Array.from({ length: 1000 }, seeded(8))).not.toEqual(first)
    expect(first.every((number) => number >= 0 && number < 1)).toBe(true)
    const mean = first.reduce((sum, number) => sum + number, 0) / 1000
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05)
  })
})
