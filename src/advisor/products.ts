/** What a product in the path cannot carry. */
export interface ProductLimit {
  readonly name: string
  /** Found anywhere in the name that was given, in small letters and digits alone. */
  readonly matches: RegExp
  readonly noSse: boolean
  readonly noWebSocket: boolean
  /** The largest message in bytes, where there is one. */
  readonly maxMessage?: number
  readonly source: string
}

/** Products whose own documents say what they cannot do. One that is not here may still need a setting. */
const productLimits: readonly ProductLimit[] = [
  {
    name: 'Azure Front Door',
    matches: /frontdoor/,
    noSse: true,
    noWebSocket: false,
    source: 'Azure Front Door documentation: WebSocket yes, Server-Sent Events no',
  },
  {
    name: 'API Gateway (HTTP API)',
    matches: /apigateway(?!.*(stream|websocket))/,
    noSse: true,
    noWebSocket: true,
    source: 'AWS API Gateway documentation: only REST APIs in STREAM mode stream',
  },
  {
    name: 'API Gateway (WebSocket API)',
    matches: /apigateway.*websocket/,
    noSse: true,
    noWebSocket: false,
    maxMessage: 32_768,
    source: 'AWS API Gateway quotas: frames of 32 KB',
  },
  {
    name: 'API Management (Consumption)',
    matches: /apim$|(apim|apimanagement).*consumption/,
    noSse: true,
    noWebSocket: true,
    source: 'Azure API Management documentation: not in the Consumption tier',
  },
  {
    name: 'Fastly without its WebSocket option',
    matches: /fastly(?!.*websocket)/,
    noSse: false,
    noWebSocket: true,
    source: 'Fastly documentation: WebSockets are an option of their own',
  },
  {
    name: 'a proxy that takes Upgrade away',
    matches: /strip|noupgrade|h2only|noupgrades|nowebsocket/,
    noSse: false,
    noWebSocket: true,
    source: 'RFC 9110, 7.8: Upgrade is for one hop',
  },
]

/** The limits of a product, by whatever name people give it. */
export function limitsOf(product: string): ProductLimit | undefined {
  const letters = product.toLowerCase().replace(/[^a-z0-9]/g, '')
  return productLimits.find(({ matches }) => matches.test(letters))
}
