import { randomBytes } from 'node:crypto'
import { operatorToken, secureAccess } from '../../examples/shop/server/access.ts'
import { openShop } from '../../examples/shop/server/app.ts'
import { get, post, type ShopProcessOptions, startShop } from './shop-process.ts'

/** A shop with the credentials that each side of the counter needs: none in development mode. */
export interface TestShop extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Whether it asks who somebody is. */
  readonly secure: boolean
  /** Signs an operator in, for so many seconds. */
  token(seconds: number): Promise<string>
  /** Reads as an operator. */
  read<T>(path: string): Promise<T>
  /** Posts as an operator. */
  operate(path: string, body: object): Promise<{ status: number; body: unknown }>
  /** Orders as a customer who has just come in. */
  order(sku: string): Promise<number>
}

/** A key of this run. */
const key = randomBytes(32).toString('base64url')

/** Opens a shop in this process: quicker than one of its own, which only what kills it needs. */
export async function openHere(secure: boolean): Promise<TestShop> {
  const shop = await openShop({ port: 0, restockMs: 0, ...(secure && { access: secureAccess(key) }) })
  return withCredentials(shop, secure, () => shop.close())
}

/** Starts a shop as a process; leaving it behind is killing it. */
export async function startApart(secure: boolean, options: ShopProcessOptions = {}): Promise<TestShop> {
  const shop = await startShop({ ...options, key: secure ? key : undefined })
  return withCredentials(shop, secure, () => shop.kill())
}

async function withCredentials(
  { url, port }: { url: string; port: number },
  secure: boolean,
  end: () => Promise<void>,
): Promise<TestShop> {
  const token = (seconds: number) => operatorToken(key, 'olga', seconds)
  const operator: Record<string, string> = secure ? { authorization: `Bearer ${await token(600)}` } : {}
  let customer: Record<string, string> | undefined
  return {
    url,
    port,
    secure,
    token,
    read: (path) => get(url + path, operator),
    operate: (path, body) => post(url + path, body, operator),
    async order(sku) {
      customer ??= await comeIn(url)
      const order = { sku, quantity: 1, key: crypto.randomUUID() }
      return (await post(`${url}/api/orders`, order, customer)).status
    },
    [Symbol.asyncDispose]: end,
  }
}

async function comeIn(url: string): Promise<Record<string, string>> {
  const response = await fetch(`${url}/api/me`)
  await response.arrayBuffer()
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0]
  return cookie === undefined ? {} : { cookie, origin: url }
}
