import { describe, expect, expectTypeOf, it } from 'vitest'
import { defineConfig, event, memoryLog } from '../../src/index.ts'

describe('defineConfig', () => {
  it('returns the configuration, with the types of its channels', () => {
    const config = defineConfig({
      port: 8080,
      channels: { orders: { read: 'public', events: { new_order: event<{ id: number }>() } } },
    })
    expect(config.port).toBe(8080)
    expectTypeOf(config.channels!.orders.events.new_order).toEqualTypeOf(event<{ id: number }>())
  })

  it('takes a log of your own, and no unknown option or rule', async () => {
    const log = memoryLog()
    expect(defineConfig({ log }).log).toBe(log)
    await log.close()
    // @ts-expect-error: it is `port`.
    defineConfig({ prot: 8080 })
    // @ts-expect-error: a rule has no such name.
    defineConfig({ channels: { orders: { read: 'everyone' } } })
  })
})
