import { type as arktype } from 'arktype'
import * as valibot from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { connect } from '../../src/client/index.ts'
import { defineChannels } from '../../src/hub/channels.ts'
import { event, type StandardSchema } from '../../src/protocol/index.ts'
import { openSocket, post, serve } from './serve.ts'

/** The same shape by each library, and one of our own that takes its time. */
const schemas: Readonly<Record<string, StandardSchema>> = {
  zod: z.object({ items: z.array(z.object({ qty: z.number() })) }),
  valibot: valibot.object({ items: valibot.array(valibot.object({ qty: valibot.number() })) }),
  arktype: arktype({ items: arktype({ qty: 'number' }).array() }),
  'one that asks elsewhere first': {
    '~standard': {
      version: 1,
      vendor: 'own',
      validate: async (value) => {
        await Promise.resolve()
        const { items } = value as { items: { qty: unknown }[] }
        const wrong = items.findIndex(({ qty }) => typeof qty !== 'number')
        return wrong === -1
          ? { value }
          : { issues: [{ message: 'no number', path: [{ key: 'items' }, wrong, 'qty'] }] }
      },
    },
  },
}

const good = { items: [{ qty: 1 }, { qty: 2 }] }
const bad = { items: [{ qty: 1 }, { qty: 'two, and a secret' }] }

describe.each(Object.entries(schemas))('a validator of %s', (_, order) => {
  const open = () => serve({ channels: { shop: { read: 'public', send: 'public', events: { order } } } })

  it('lets pass what fits, as it was sent', async () => {
    const { url, server } = await open()
    const text = '{ "items": [{ "qty": 1.0 }] }'
    expect((await post(`${url}/shop?event=order`, text)).status).toBe(201)
    const history = await (
      await fetch(`${url}/shop?after=earliest`, { headers: { accept: 'application/json' } })
    ).text()
    expect(history).toContain(`"data":${text}`)
    expect((await server.channel('shop').history()).events).toHaveLength(1)
  })

  it('refuses what does not on every way in, and says where, but not what', async () => {
    const { url, server } = await open()
    const refusal = { code: 'invalid_data', path: '/items/1/qty' }

    const answer = await post(`${url}/shop?event=order`, JSON.stringify(bad))
    const text = await answer.text()
    expect([answer.status, JSON.parse(text)]).toMatchObject([400, { status: 400, ...refusal }])
    expect(text).not.toContain('secret')

    const messages = [good, bad, good].map((data, ref) => ({
      op: 'send',
      ref,
      channel: 'shop',
      event: 'order',
      data,
      key: `k${ref}`,
    }))
    const batch = await (await post(url, JSON.stringify(messages))).json()
    expect(batch).toMatchObject([{ op: 'ok' }, { op: 'error', ref: 1, ...refusal }, { op: 'ok' }])

    const socket = await openSocket(url)
    socket.say({ op: 'send', ref: 7, channel: 'shop', event: 'order', data: bad })
    expect(await socket.message('error', ({ ref }) => ref === 7)).toMatchObject(refusal)
    socket.say({ op: 'send', ref: 8, channel: 'shop', event: 'order', data: good })
    await socket.message('ok', ({ ref }) => ref === 8)

    expect((await server.channel('shop').history()).events).toHaveLength(3)
  })

  it('is no way around by another event name', async () => {
    const { url } = await open()
    const answer = await post(`${url}/shop?event=orders`, JSON.stringify(bad))
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_event_name' }])
  })
})

describe('a channel with validators', () => {
  it('gives its handler what the validator made of the data, and takes its other declared events as they are', async () => {
    const seen: unknown[] = []
    const channels = defineChannels({
      chat: {
        read: 'public',
        send: 'public',
        events: {
          say: z.object({ text: z.string().trim(), loud: z.boolean().default(false) }),
          typing: event<boolean>(),
        },
        onSend({ data }) {
          seen.push(data)
          return null
        },
      },
    })
    const { url } = await serve({ channels })
    expect((await post(`${url}/chat?event=say`, '{"text":" hi "}')).status).toBe(200)
    expect((await post(`${url}/chat?event=typing`, '"whatever"')).status).toBe(200)
    expect(seen).toEqual([{ text: 'hi', loud: false }, 'whatever'])
  })

  it('says the path to an application that uses the client, over each way up', async () => {
    const channels = defineChannels({
      shop: { read: 'public', send: 'public', events: { order: z.object({ qty: z.number() }) } },
    })
    const { url } = await serve({ channels })
    for (const transport of ['sse', 'websocket', 'long-poll'] as const) {
      const client = connect<typeof channels>(url, { transport })
      const shop = client.channel('shop')
      shop.open()
      // @ts-expect-error: the client is typed by the validator.
      await expect(shop.send('order', { qty: 'two' })).rejects.toMatchObject({
        code: 'invalid_data',
        path: '/qty',
      })
      expect((await shop.send('order', { qty: 2 })).id).toBeDefined()
      client.close()
    }
  })

  it('does not let a long or odd path out of bounds', async () => {
    const channels = {
      notes: { send: 'public' as const, events: { note: z.record(z.string(), z.number()) } },
    }
    const { url } = await serve({ channels })
    const data = { [`a/b~c\r\n${'x'.repeat(5_000)}`]: 'no number' }
    const { path } = (await (await post(`${url}/notes?event=note`, JSON.stringify(data))).json()) as {
      path: string
    }
    expect(path.startsWith('/a~1b~0c')).toBe(true)
    expect(path.length).toBeLessThanOrEqual(200)
  })

  it('whose validator falls over answers 500 and tells the application, not the sender', async () => {
    const errors: unknown[] = []
    const validate = () => {
      throw new Error('a secret of the validator')
    }
    const broken: StandardSchema = { '~standard': { version: 1, vendor: 'own', validate } }
    const { url } = await serve({
      channels: { notes: { send: 'public', events: { note: broken } } },
      onError: (error) => void errors.push(error),
    })
    const answer = await post(`${url}/notes?event=note`, '1')
    expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringContaining('secret')])
    expect(errors).toHaveLength(1)
  })
})
