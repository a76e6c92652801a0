import { createSecretKey, randomBytes } from 'node:crypto'
import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { tokens } from '../../src/access/tokens.ts'
import { type ClientState, connect, type TransportName } from '../../src/client/index.ts'
import { createServer } from '../../src/server/create-server.ts'
import { until } from './serve.ts'

const secret = randomBytes(32)
/** Into the leeway of 30 s: a token lasts 7 s from now, and is said to end at the next look, within 4 s. */
const agoSeconds = 23

function sign(claims: Record<string, unknown>): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) - agoSeconds
  return new SignJWT({ subscribe: ['*'], ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('ann')
    .setIssuedAt(exp - 60)
    .setExpirationTime(exp)
    .sign(createSecretKey(secret))
}

/** A server that publishes a number every 5 ms, and all that a client of it saw. */
async function follow(transport: TransportName, token: () => Promise<string | undefined>) {
  const server = createServer({
    channels: { numbers: {}, other: {} },
    tokens: tokens({ keys: [{ alg: 'HS256', secret }] }),
  })
  const { url } = await server.listen({ port: 0 })
  const client = connect(`${url}/live`, { transport, token })
  const states: ClientState[] = []
  const seen: number[] = []
  const errors: unknown[] = []
  client.onState((state) => void states.push(state))
  client.channel('numbers', { after: 'earliest' }).on('tick', (number) => void seen.push(number as number))
  client.channel('numbers').onError((error) => void errors.push(error))
  let sent = 0
  const timer = setInterval(() => void server.channel('numbers').publish('tick', sent++), 5)
  const stop = () => clearInterval(timer)
  const close = async () => {
    stop()
    client.close()
    await server.close()
  }
  return { server, client, seen, states, errors, stop, sent: () => sent, [Symbol.asyncDispose]: close }
}

const transports = ['sse', 'websocket', 'long-poll'] as const
const numbers = (length: number) => Array.from({ length }, (_, i) => i)

// All at once: each waits for seconds, until its token's are over.
describe.concurrent.each(transports)('over %s, a client', (transport) => {
  it('renews its credentials in place: nothing is lost, repeated or reordered, and no stream ends', async () => {
    let made = 0
    await using one = await follow(transport, () => sign({ jti: String(++made) }))
    await until(() => made >= 3, 'two renewals', 18_000)
    one.stop()
    await until(() => one.seen.at(-1) === one.sent() - 1, 'the last event')
    expect(one.seen).toEqual(numbers(one.sent()))
    expect(one.states.map(({ phase }) => phase)).toEqual(['connecting', 'open'])
    expect(one.errors).toEqual([])
  })

  it('without new credentials is told so and stops asking', async () => {
    const only = await sign({})
    let asked = 0
    await using one = await follow(transport, async () => {
      asked++
      return only
    })
    await until(() => one.client.state.phase === 'closed', 'the end', 18_000)
    expect(one.client.state.error).toMatchObject({ code: 'token_expired' })
    expect(asked).toBeLessThan(8)
    expect(one.seen).toEqual(numbers(one.seen.length))
  })

  it('whose new credentials allow less loses that channel, and keeps the others', async () => {
    let made = 0
    let subscribe = ['*']
    await using one = await follow(transport, () => sign({ jti: String(++made), subscribe }))
    const denied: unknown[] = []
    const other = one.client.channel('other', { after: 'earliest' })
    other.onError((error) => void denied.push(error))
    const heard = new Promise((resolve) => other.on('tick', resolve))
    await one.server.channel('other').publish('tick', 1)
    await heard
    subscribe = ['numbers']
    await until(() => denied.length > 0, 'the refusal', 18_000)
    expect(denied).toMatchObject([{ code: 'forbidden' }])
    const at = one.seen.length
    await until(() => one.seen.length > at + 20, 'events of the other channel')
    expect(one.errors).toEqual([])
    expect(one.seen).toEqual(numbers(one.seen.length))
  })
})
