import { parseArgs } from 'node:util'
import { isFairleadError } from 'fairlead'
import { openShop } from './app.ts'

const help = `The live shop.

  npm start -- [--port N] [--log WHERE] [--restock SECONDS]

  --port     where it listens on this machine (default 3000)
  --log      where its events are kept (default memory):
               memory                  until it ends
               lmdb:./data             in a folder of this machine, also when it ends
               redis://localhost:6379  in Redis: for several servers of the shop
               nats://localhost:4222   in NATS JetStream: the same
  --restock  seconds until a product that ran low is delivered; 0: never (default 30)
`

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    log: { type: 'string', default: 'memory' },
    restock: { type: 'string', default: '30' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) {
  process.stdout.write(help)
} else if (!/^(memory|lmdb:.+|(rediss?|redis\+cluster|nats):\/\/.+)$/.test(values.log)) {
  fail('--log is memory, lmdb:FOLDER, redis://HOST:PORT or nats://HOST:PORT.')
} else {
  await open()
}

async function open(): Promise<void> {
  const shop = await openShop({
    port: readNumber('port', values.port, 65_535),
    log: values.log,
    restockMs: readNumber('restock', values.restock, 86_400) * 1000,
    onFail(error) {
      console.error(error)
      fail('The shop lost its log. Start it again.')
    },
  }).catch((error: Error) => fail(explain(error)))
  console.log(banner(shop.url))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void shop.close().then(() => process.exit(0)))
  }
}

/** What a person can do about a shop that did not open; of a mistake in the shop, where it was made. */
function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${values.port} is taken. Give another: npm start -- --port 3001`
  if (isFairleadError(error)) return `The shop did not open on its log, ${shownLog()}. ${error.message}`
  return error instanceof TypeError ? (error.stack ?? error.message) : error.message
}

/** The log as it may be shown: without who signs in. */
function shownLog(): string {
  return values.log.replace(/\/\/.*@/, '//').replace(/\?.*/, '')
}

function banner(url: string): string {
  return `
  The shop is open, in development mode: for this machine only.

    Storefront   ${url}
    Dashboard    ${url}/dashboard
    Orders live  curl -N ${url}/live/orders
    Log          ${shownLog()}${values.log === 'memory' ? ', until the shop ends' : ''}
    Customers    npm run shoppers -- 20
`
}

function readNumber(name: string, text: string, most: number): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isInteger(number) && number >= 0 && number <= most) return number
  return fail(`--${name} is a whole number from 0 to ${most}, not ${JSON.stringify(text)}.`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
