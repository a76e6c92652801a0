// @ts-check
import { byId, drawList, eachFrame, make } from '/parts/dom.js'
import { count, money, timeOfDay } from '/parts/format.js'

/** @typedef {{ id: number, name: string, quantity: number, total: number, time: number }} Order */

const shown = 40

/** The newest orders, newest first, and what was sold in all. */
export function createOrderFeed() {
  /** @type {Order[]} */
  let orders = []
  let total = { count: 0, cents: 0 }

  const draw = eachFrame(() => {
    drawList(byId('orders'), orders, { key: (order) => String(order.id), make: row })
    byId('orders-empty').hidden = orders.length > 0
    byId('orders-total').textContent = `${count(total.count)} for ${money(total.cents)}`
  })

  return {
    /** @param {{ orders: Order[], count: number, revenueCents: number }} state */
    fill(state) {
      orders = state.orders.slice(0, shown)
      total = { count: state.count, cents: state.revenueCents }
      draw()
    },
    /** @param {Order} order */
    add(order) {
      orders = [order, ...orders].slice(0, shown)
      total = { count: order.id, cents: total.cents + Math.round(order.total * 100) }
      draw()
    },
  }
}

/** @param {Order} order */
function row({ id, name, quantity, total, time }) {
  const tr = make('tr')
  tr.dataset.order = String(id)
  tr.append(
    make('td', '', String(id)),
    make('td', '', name),
    make('td', '', String(quantity)),
    make('td', '', money(Math.round(total * 100))),
    make('td', '', timeOfDay(time)),
  )
  return tr
}
