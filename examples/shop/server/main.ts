import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isFairleadError } from 'fairlead'
import { type Access, openAccess, operatorToken, secureAccess } from './access.ts'
import { openShop } from './app.ts'

const help = `The live shop.

  npm start -- [--port N] [--log WHERE] [--restock SECONDS] [--secure [--key-file FILE]]

  --port     where it listens on this machine (default 3000)
  --log      where its events are kept (default memory):
               memory                  until it ends
               lmdb:./data             in a folder of this machine, also when it ends
               redis://localhost:6379  in Redis: for several servers of the shop
               nats://localhost:4222   in NATS JetStream: the same
  --restock  seconds until a product that ran low is delivered; 0: never (default 30)
  --secure   in earnest: customers are known by a cookie, operators sign in with a token
  --key-file signs both, with --secure: "npx fairlead token --new-key" makes one. The environment variable SHOP_KEY
             holds the key itself. Without either one is made for this start
`

/** A key that was made here nobody else has: then the banner brings an operator's token, good for so long, in hours. */
const hours = 12

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3000' },
    log: { type: 'string', default: 'memory' },
    restock: { type: 'string', default: '30' },
    secure: { type: 'boolean', default: false },
    'key-file': { type: 'string' },
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
  const key = values.secure ? findKey() : undefined
  const access = key ? accessBy(key.text) : openAccess
  const shop = await openShop({
    port: readNumber('port', values.port, 65_535),
    log: values.log,
    access,
    restockMs: readNumber('restock', values.restock, 86_400) * 1000,
    onFail(error) {
      console.error(error)
      fail('The shop lost its log. Start it again.')
    },
  }).catch((error: Error) => fail(explain(error)))
  console.log(key ? await secureBanner(shop.url, key) : banner(shop.url))
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

interface Key {
  readonly text: string
  readonly isNew: boolean
}

function findKey(): Key {
  const path = values['key-file']
  const text = path === undefined ? process.env.SHOP_KEY : readKeyFile(path)
  return text
    ? { text: text.trim(), isNew: false }
    : { text: randomBytes(32).toString('base64url'), isNew: true }
}

function readKeyFile(path: string): string {
  try {
    if (process.platform !== 'win32' && (statSync(path).mode & 0o044) !== 0)
      console.error(`${path} can be read by others on this machine: chmod 600 ${path}`)
    return (
      readFileSync(path, 'utf8').trim() || fail(`${path} is empty: npx fairlead token --new-key > ${path}`)
    )
  } catch (error) {
    return fail(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

function accessBy(key: string): Access {
  try {
    return secureAccess(key)
  } catch (error) {
    return fail((error as Error).message)
  }
}

async function secureBanner(url: string, { text, isNew }: Key): Promise<string> {
  const given = values['key-file'] ? `--key-file ${values['key-file']}` : '(its key in FAIRLEAD_TOKEN_KEY)'
  const operators = isNew
    ? `sign in on the dashboard with this token, good for ${hours} hours:\n\n${await operatorToken(text, 'operator', hours * 3600)}\n`
    : `npx fairlead token ${given} --sub NAME --claim role=operator --expires 8h`
  return `
  The shop is open, in earnest: nobody is let in unasked. Still for this machine only.

    Storefront   ${url}
    Dashboard    ${url}/dashboard
    Orders live  FAIRLEAD_TOKEN=… npx fairlead tail ${url}/live orders
    Log          ${shownLog()}${values.log === 'memory' ? ', until the shop ends' : ''}
    Key          ${isNew ? 'made for this start: sign-ins end with it. To keep one: --key-file' : 'given'}
    Customers    npm run shoppers -- 20
    Operators    ${operators}
`
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
