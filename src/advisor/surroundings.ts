import type { Inputs } from './inputs.ts'

type Fields = Readonly<Record<string, unknown>>

/** Functions that end after seconds, where nothing else is said, in seconds. */
const shortFunctionSeconds = 10

/**
 * Reads where a server runs: the name of a product in the path, `serverless`, or an object with
 * `serverlessMaxSeconds`, `product`, `products`, `sse` and `websocket` (false: cannot), `wsProduct` (true: a product
 * keeps WebSockets for the functions). Undefined for anything else.
 */
export function readHosting(value: unknown): Inputs | undefined {
  if (typeof value === 'string') {
    if (/serverless|lambda|function/i.test(value)) return { serverlessMaxSeconds: shortFunctionSeconds }
    return /long|process|vm|container|own/i.test(value) ? {} : { products: [value] }
  }
  if (Array.isArray(value)) return { products: value.map(String) }
  if (typeof value !== 'object' || value === null) return undefined
  const { serverlessMaxSeconds: most, product, products, sse, websocket, ws, wsProduct } = value as Fields
  // Functions beside a product that keeps the connections: a WebSocket to that product.
  if (wsProduct === true) return { sseBlocked: true }
  return {
    ...(typeof most === 'number' && { serverlessMaxSeconds: most }),
    ...(product !== undefined && { products: [String(product)] }),
    ...(Array.isArray(products) && { products: products.map(String) }),
    ...(sse === false && { sseBlocked: true }),
    ...((websocket === false || ws === false) && { websocketBlocked: true }),
  }
}

/** Reads what a team knows: `none`, `some`, `strong`, or an object with `websocket` or `ws`. */
export function readTeam(value: unknown): Inputs | undefined {
  const said =
    typeof value === 'object' && value !== null
      ? ((value as Fields).websocket ?? (value as Fields).ws)
      : value
  const words = {
    none: 'none',
    no: 'none',
    false: 'none',
    some: 'some',
    strong: 'strong',
    true: 'strong',
  } as const
  const word = String(said).toLowerCase()
  return Object.hasOwn(words, word) ? { team: { websocket: words[word as keyof typeof words] } } : undefined
}
