// @ts-check
import { byId, make } from '/parts/dom.js'
import { money } from '/parts/format.js'

/**
 * Shows what this customer has bought, in this window or another. Nobody else may read the channel.
 *
 * @param {import('fairlead/client').Client<import('../../server/channels.ts').ShopChannels>} client
 * @param {string} customer
 */
export function showBought(client, customer) {
  /** @type {Set<number>} an order sent again is told again */
  const shown = new Set()
  const channel = client.channel(`bought/${customer}`, { after: 'earliest' })
  channel.onReset(() => {
    shown.clear()
    byId('bought').replaceChildren()
    byId('yours').hidden = true
  })
  channel.on('bought', ({ id, name, quantity, total }) => {
    if (shown.has(id)) return
    shown.add(id)
    const item = make('li')
    const what = quantity === 1 ? name : `${quantity} × ${name}`
    item.append(make('span', 'number', `No. ${id}`), make('span', '', what))
    item.append(make('span', 'number', money(Math.round(total * 100))))
    byId('bought').prepend(item)
    byId('yours').hidden = false
  })
}
