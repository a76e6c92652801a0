import { parseArgs } from 'node:util'
import { connect } from 'fairlead/client'
import { seeded } from './random.ts'
import { shop } from './shopper.ts'
import { emptyTally, writeTally } from './tally.ts'

const help = `Shoppers for the live shop: they use the storefront's own HTTP API.

  npm run shoppers -- [N] [--rate ORDERS/S] [--for SECONDS] [--seed N] [--url URL]

  N       how many (default 20); each also has the shop open, so the dashboard counts them
  --rate  orders per second of all together (default a tenth of N)
  --for   how long, in seconds (default until Ctrl-C)
  --seed  what they do follows from it (default 1)
  --url   the shop (default http://localhost:3000)
  --away  do not keep the shop open: they are no visitors, they only order
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rate: { type: 'string' },
    for: { type: 'string' },
    seed: { type: 'string', default: '1' },
    url: { type: 'string', default: 'http://localhost:3000' },
    away: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(help)
else await goShopping()

async function goShopping(): Promise<void> {
  const count = readNumber('N', positionals[0] ?? '20')
  const rate = readNumber('--rate', values.rate ?? String(count / 10))
  const seed = readNumber('--seed', values.seed)
  const url = values.url.replace(/\/$/, '')
  const leaving = new AbortController()
  const tally = emptyTally()
  const start = Date.now()
  const said = () => writeTally(tally, (Date.now() - start) / 1000)

  process.once('SIGINT', () => leaving.abort())
  process.once('SIGTERM', () => leaving.abort())
  if (values.for !== undefined) {
    setTimeout(() => leaving.abort(), readNumber('--for', values.for) * 1000).unref()
  }
  console.log(
    `${count} shoppers at ${url}, about ${rate} orders a second, seed ${seed}. Ctrl-C sends them home.`,
  )
  if (!(await isOpen(url))) console.log('No shop answers there. Open one with: npm start. They wait.')
  const progress = setInterval(() => report(said()), process.stdout.isTTY ? 1000 : 5000)
  const visits = values.away ? [] : Array.from({ length: count }, () => visit(url))
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      shop({
        url,
        random: seeded(seed * 7919 + i),
        everyMs: (count / rate) * 1000,
        tally,
        signal: leaving.signal,
      }),
    ),
  )
  clearInterval(progress)
  for (const leave of visits) leave()
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
  console.log(said())
}

async function isOpen(url: string): Promise<boolean> {
  return (await fetch(`${url}/api/catalogue`).catch(() => undefined))?.ok === true
}

/** Has the storefront open, as far as the shop can tell: on `visitors`, and reading the stock. */
function visit(url: string): () => void {
  const client = connect(`${url}/live`, { presence: true })
  client.channel('visitors').open()
  client.channel('stock').on('*', () => {})
  return () => client.close()
}

function report(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`)
  else console.log(text)
}

function readNumber(name: string, text: string): number {
  const number = Number(text)
  if (text.trim() !== '' && Number.isFinite(number) && number > 0) return number
  console.error(`${name} is a number above 0, not ${JSON.stringify(text)}.`)
  process.exit(1)
}
