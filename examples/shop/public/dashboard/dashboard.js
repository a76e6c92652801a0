// @ts-check
import { createCharts } from '/dashboard/charts.js'
import { createInventory } from '/dashboard/inventory.js'
import { Ledger } from '/dashboard/ledger.js'
import { armCut, showConnection, showLedger } from '/dashboard/line-panel.js'
import { createOrderFeed } from '/dashboard/order-feed.js'
import { followPresence } from '/dashboard/presence.js'
import { signIn, signInAgain } from '/dashboard/sign-in.js'
import { openSupport } from '/dashboard/support.js'
import { getJson, isAboutWho } from '/parts/api.js'
import { eachFrame } from '/parts/dom.js'
import { connectByLine } from '/parts/line.js'
import { transports } from '/transports.js'

// The charts measure the page, and nothing is asked of the shop, before somebody may see it.
await signIn()

const feed = createOrderFeed()
const charts = createCharts()
const inventory = createInventory()
const ledger = new Ledger()
const drawLedger = eachFrame(() => showLedger(ledger))
// The shop's clock less the page's, in milliseconds.
let ahead = 0

const feeds = connectByLine({ transport: transports.feeds })
const chat = connectByLine({ transport: transports.chat })

/** @param {string} name */
const part = (name) => ({
  load: (/** @type {AbortSignal} */ signal) => getJson(`/api/dashboard/${name}`, signal),
})

const orders = feeds.channel('orders', part('orders'))
orders.onLoad((state) => {
  ahead = state.now - Date.now()
  feed.fill(state)
  charts.fillOrders(state)
  ledger.begin(state.count)
  drawLedger()
})
orders.on('new_order', (order, { time }) => {
  feed.add({ ...order, time })
  charts.addOrder(time, Math.round(order.total * 100))
  ledger.enter(order.id)
  drawLedger()
})

const stock = feeds.channel('stock', part('stock'))
stock.onLoad(inventory.fillStock)
stock.on('delivery', ({ sku, quantity }) => inventory.move(sku, quantity))
stock.on('taken', ({ sku, quantity }) => inventory.move(sku, -quantity))

const alerts = feeds.channel('alerts', part('alerts'))
alerts.onLoad(inventory.fillAlerts)
for (const kind of /** @type {const} */ (['low_stock', 'sold_out', 'back_in_stock'])) {
  alerts.on(kind, (alert, { id = '', time }) => inventory.addAlert({ ...alert, kind, id, time }))
}

const mutes = feeds.channel('mutes', part('mutes'))
mutes.onLoad(inventory.fillMutes)
mutes.on('mute', inventory.setMute)

const visitors = feeds.channel('visitors', part('visitors'))
visitors.onLoad(charts.fillVisitors)
followPresence(feeds, visitors, charts.setOnline)
visitors.on('count', ({ online }, { time }) => {
  charts.addVisitors(time, online)
  // Joins and leaves are not told over long-poll; the shop's count is.
  if (feeds.state.transport === 'long-poll') charts.setOnline(online)
})

const desk = openSupport(chat)

const clock = () => Date.now() + ahead
showConnection({
  title: 'Feeds',
  client: feeds,
  channels: [orders, stock, alerts, mutes, visitors],
  clock,
})
showConnection({ title: 'Chat', client: chat, channels: [desk], clock })
armCut()

for (const channel of [orders, alerts, mutes, desk]) channel.onError(turnAway)
let isEnded = false

/**
 * The shop does not know the reader any longer: the sign-in ran out, or its key is another one.
 *
 * @param {unknown} error
 */
function turnAway(error) {
  if (isEnded || !isAboutWho(error)) return
  isEnded = true
  feeds.close()
  chat.close()
  void signInAgain('Your sign-in has ended. Sign in again to go on.')
}
