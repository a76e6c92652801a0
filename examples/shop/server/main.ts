import { parseArgs } from 'node:util'
import { openShop } from './app.ts'

const help = `The live shop.

  npm start -- [--port N] [--log memory] [--restock SECONDS]

  --port     where it listens on this machine (default 3000)
  --log      where its events are kept: memory, until it ends
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
} else if (values.log !== 'memory') {
  fail(`--log ${values.log}: this shop has one log so far, memory.`)
} else {
  await open()
}

async function open(): Promise<void> {
  const shop = await openShop({
    port: readNumber('port', values.port, 65_535),
    restockMs: readNumber('restock', values.restock, 86_400) * 1000,
    onFail(error) {
      console.error(error)
      fail('The shop lost its log. Start it again.')
    },
  }).catch((error: NodeJS.ErrnoException) =>
    error.code === 'EADDRINUSE'
      ? fail(`Port ${values.port} is taken. Give another: npm start -- --port 3001`)
      : Promise.reject(error),
  )
  console.log(banner(shop.url))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void shop.close().then(() => process.exit(0)))
  }
}

function banner(url: string): string {
  return `
  The shop is open, in development mode: for this machine only.

    Storefront   ${url}
    Dashboard    ${url}/dashboard
    Orders live  curl -N ${url}/live/orders
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
