// @ts-check
import { getJson, isAboutWho, postJson, Refused } from '/parts/api.js'
import { byId } from '/parts/dom.js'
import { count } from '/parts/format.js'
import { connectByLine, showPhase } from '/parts/line.js'
import { openAsk } from '/storefront/ask.js'
import { showBought } from '/storefront/bought.js'
import { enterShop } from '/storefront/enter.js'
import { createShelf } from '/storefront/shelf.js'
import { transports } from '/transports.js'

/** @typedef {import('./shelf.js').Product} Product */

/**
 * The keys of orders that were not answered, by product.
 *
 * @type {Map<string, string>}
 */
const unanswered = new Map()
const shelf = createShelf({ buy })
// Before anything is opened: the shop's cookie says on each connection whose it is.
const customer = await enterShop()
// Being on the channel `visitors` with presence is what makes this page a visitor.
const client = connectByLine({ transport: transports.feeds, presence: true })
showPhase(byId('line'), client)

const stock = client.channel('stock', { load: (signal) => getJson('/api/catalogue', signal) })
stock.onLoad(({ products }) => shelf.fill(products))
stock.on('delivery', ({ sku, quantity }) => shelf.move(sku, quantity))
stock.on('taken', ({ sku, quantity }) => shelf.move(sku, -quantity))

client.channel('visitors', { last: 1 }).on('count', ({ online }) => {
  byId('visitors').textContent =
    online > 1 ? `${count(online)} people are in the shop.` : 'You have the shop to yourself.'
})

if (customer !== null) showBought(client, customer)
openAsk(customer)

/**
 * Orders one piece. The key makes a click that is sent twice, because the answer was lost, one order: also the click
 * of a buyer who gave up and tries again.
 *
 * @param {Product} product
 */
async function buy({ sku }) {
  const key = unanswered.get(sku) ?? crypto.randomUUID()
  unanswered.set(sku, key)
  const result = await order(sku, key)
  if (result) unanswered.delete(sku)
  return result ?? { placed: false, text: 'The shop does not answer. Try again: it stays one order.' }
}

/**
 * The shop's answer, or `undefined` when there is none: then nobody knows whether it was ordered.
 *
 * @param {string} sku
 * @param {string} key
 */
async function order(sku, key) {
  for (let attempt = 0; ; attempt++) {
    try {
      const { order } = await postJson('/api/orders', { sku, quantity: 1, key })
      return { placed: true, text: `Yours: order no. ${order.id}.` }
    } catch (error) {
      // A 5xx is no answer: the server that was asked is leaving, or cannot reach the log. Another one may.
      if (isAboutWho(error) && attempt === 0) await enterShop()
      else if (error instanceof Refused && error.status < 500) return { placed: false, text: refusal(error) }
      if (attempt === 3) return undefined
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt))
    }
  }
}

/** @param {Refused} refused */
function refusal({ code, message }) {
  return code === 'sold_out' ? 'Sold out just now: someone was faster.' : message
}
