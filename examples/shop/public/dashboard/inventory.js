// @ts-check
import { postJson } from '/parts/api.js'
import { byId, copyOf, drawList, eachFrame, within } from '/parts/dom.js'
import { timeOfDay } from '/parts/format.js'

/**
 * @typedef {{ sku: string, name: string, left: number, low: number, opening: number, single?: boolean }} Product
 * @typedef {{ sku: string, name: string, left: number, kind: keyof typeof kinds, id: string, time: number }} Alert
 */

const kinds = { low_stock: 'Low', sold_out: 'Sold out', back_in_stock: 'Back' }
const shown = 40

/** What stands on the shelf, what the operators are told about it, and what they do not want to be told. */
export function createInventory() {
  /** @type {Map<string, { product: Product, item: HTMLElement }>} */
  const shelf = new Map()
  /** @type {Alert[]} */
  let alerts = []
  /** @type {Set<string>} */
  let muted = new Set()

  const isMuted = (/** @type {string} */ sku) => muted.has('*') || muted.has(sku)
  const draw = eachFrame(() => {
    for (const entry of shelf.values()) drawItem(entry, muted.has(entry.product.sku))
    drawList(byId('alerts'), alerts, {
      key: (alert) => alert.id,
      make: (alert) => alertRow(alert, (sku) => void mute(sku, !muted.has(sku))),
      update: (row, alert) => drawAlert(row, alert.name, isMuted(alert.sku), muted.has('*')),
    })
    byId('alerts-empty').hidden = alerts.length > 0
    byId('mute-all').setAttribute('aria-pressed', String(muted.has('*')))
    byId('mute-all').textContent = muted.has('*') ? 'All muted' : 'Mute all'
    byId('muted').textContent = mutedText(muted, shelf)
  })
  byId('mute-all').addEventListener('click', () => void mute('*', !muted.has('*')))

  /** @param {Product} product */
  function setOut(product) {
    const item = copyOf('stock-item')
    item.dataset.sku = product.sku
    within(item, 'h3').textContent = product.name
    within(item, '.mute').addEventListener('click', () => void mute(product.sku, !muted.has(product.sku)))
    within(item, '.deliver').addEventListener('click', () => {
      const { left } = /** @type {{ product: Product }} */ (shelf.get(product.sku)).product
      void restock(product, Math.max(product.opening - left, 1))
    })
    byId('stock').append(item)
    return { product, item }
  }

  return {
    /** @param {{ products: Product[] }} state */
    fillStock({ products }) {
      for (const product of products) {
        const entry = shelf.get(product.sku)
        if (entry) entry.product = product
        else shelf.set(product.sku, setOut(product))
      }
      draw()
    },
    /**
     * @param {string} sku
     * @param {number} quantity
     */
    move(sku, quantity) {
      const entry = shelf.get(sku)
      if (!entry) return
      entry.product = { ...entry.product, left: entry.product.left + quantity }
      draw()
    },
    /** @param {{ alerts: Alert[] }} state */
    fillAlerts(state) {
      alerts = state.alerts.slice(0, shown)
      draw()
    },
    /** @param {Alert} alert */
    addAlert(alert) {
      alerts = [alert, ...alerts].slice(0, shown)
      if (!isMuted(alert.sku)) byId('alert-said').textContent = `${alert.name}: ${kinds[alert.kind]}`
      draw()
    },
    /** @param {{ muted: string[] }} state */
    fillMutes(state) {
      muted = new Set(state.muted)
      draw()
    },
    /** @param {{ sku: string, muted: boolean }} change */
    setMute({ sku, muted: on }) {
      if (on) muted.add(sku)
      else muted.delete(sku)
      draw()
    },
  }
}

/**
 * Tells the shop, and leaves the page as it is: what every operator sees comes back as an event.
 *
 * @param {string} sku
 * @param {boolean} on
 */
async function mute(sku, on) {
  await postJson('/api/mutes', { sku, muted: on }).catch(sayFailed)
}

/**
 * @param {Product} product
 * @param {number} quantity
 */
async function restock({ sku }, quantity) {
  await postJson('/api/deliveries', { sku, quantity, key: crypto.randomUUID() }).catch(sayFailed)
}

/** @param {Error} error */
function sayFailed(error) {
  byId('alert-said').textContent = `That did not work: ${error.message}`
}

/**
 * @param {Alert} alert
 * @param {(sku: string) => void} toggle
 */
function alertRow({ sku, name, left, kind, id, time }, toggle) {
  const row = copyOf('alert')
  row.dataset.alert = id
  row.dataset.sku = sku
  within(row, '.kind').textContent = kind === 'low_stock' ? `${left} left` : kinds[kind]
  within(row, '.kind').classList.add(kind)
  within(row, '.what').textContent = name
  within(row, 'time').textContent = timeOfDay(time)
  within(row, '.mute').addEventListener('click', () => toggle(sku))
  return row
}

/**
 * @param {HTMLElement} row
 * @param {string} name
 * @param {boolean} muted
 * @param {boolean} all
 */
function drawAlert(row, name, muted, all) {
  row.classList.toggle('muted', muted)
  drawMute(row, name, muted)
  /** @type {HTMLButtonElement} */
  const button = within(row, '.mute')
  button.disabled = all
}

/**
 * @param {HTMLElement} parent
 * @param {string} name
 * @param {boolean} muted
 */
function drawMute(parent, name, muted) {
  const button = within(parent, '.mute')
  button.setAttribute('aria-pressed', String(muted))
  button.setAttribute('aria-label', `Mute alerts for ${name}`)
  button.title = muted ? 'Muted' : 'Mute'
  const icon = `/dashboard/icons.svg#${muted ? 'bell-off' : 'bell'}`
  if (within(button, 'use').getAttribute('href') !== icon) within(button, 'use').setAttribute('href', icon)
}

/**
 * @param {{ product: Product, item: HTMLElement }} entry
 * @param {boolean} muted
 */
function drawItem({ product, item }, muted) {
  const { left, low, opening, single } = product
  const text = within(item, '.left')
  text.textContent = left > 0 ? String(left) : 'Sold out'
  text.className = `left number${left <= 0 ? ' none' : left <= low ? ' low' : ''}`
  /** @type {HTMLMeterElement} */
  const meter = within(item, 'meter')
  meter.max = Math.max(opening, left)
  meter.value = Math.max(left, 0)
  meter.low = low + 0.5
  meter.optimum = meter.max
  drawMute(item, product.name, muted)
  /** @type {HTMLButtonElement} */
  const deliver = within(item, '.deliver')
  deliver.disabled = single === true || left >= opening
  deliver.setAttribute('aria-label', `Restock ${product.name}`)
}

/**
 * @param {Set<string>} muted
 * @param {Map<string, { product: Product }>} shelf
 */
function mutedText(muted, shelf) {
  if (muted.has('*')) return 'All alerts are muted'
  const names = [...muted].map((sku) => shelf.get(sku)?.product.name ?? sku)
  return names.length > 0 ? `Muted: ${names.join(', ')}` : 'No alerts are muted'
}
