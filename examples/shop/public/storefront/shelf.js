// @ts-check
import { byId, copyOf, eachFrame, within } from '/parts/dom.js'
import { money } from '/parts/format.js'

/**
 * @typedef {{ sku: string, name: string, about: string, cents: number, left: number, low: number, single?: boolean }} Product
 * @typedef {{ placed: boolean, text: string }} Result
 * @typedef {{ product: Product, card: HTMLElement, buying: boolean }} Place
 */

/**
 * The products on the page, with the pieces that are left of each.
 *
 * @param {{ buy: (product: Product) => Promise<Result> }} options
 */
export function createShelf({ buy }) {
  /** @type {Map<string, Place>} */
  const places = new Map()
  const draw = eachFrame(() => {
    for (const place of places.values()) drawPlace(place)
  })

  /** @param {Place} place */
  async function bought(place) {
    place.buying = true
    draw()
    const { placed, text } = await buy(place.product)
    const result = within(place.card, '.result')
    result.textContent = text
    result.classList.toggle('refused', !placed)
    place.buying = false
    draw()
  }

  return {
    /** @param {Product[]} products */
    fill(products) {
      for (const product of products) {
        const place = places.get(product.sku)
        if (place) place.product = product
        else places.set(product.sku, setOut(product, bought))
      }
      draw()
    },
    /**
     * Pieces came or went.
     *
     * @param {string} sku
     * @param {number} quantity
     */
    move(sku, quantity) {
      const place = places.get(sku)
      if (!place) return
      place.product = { ...place.product, left: place.product.left + quantity }
      draw()
    },
  }
}

/**
 * @param {Product} product
 * @param {(place: Place) => Promise<void>} buy
 * @returns {Place}
 */
function setOut(product, buy) {
  const card = copyOf('product')
  const place = { product, card, buying: false }
  card.dataset.sku = product.sku
  within(card, 'use').setAttribute('href', `/storefront/drawings.svg#${product.sku}`)
  within(card, 'h2').textContent = product.name
  within(card, '.about').textContent = product.about
  within(card, '.price').textContent = money(product.cents)
  within(card, '.buy').setAttribute('aria-label', `Buy ${product.name}, ${money(product.cents)}`)
  within(card, '.buy').addEventListener('click', () => void buy(place))
  byId('shelf').append(card)
  return place
}

/** @param {Place} place */
function drawPlace({ product, card, buying }) {
  const left = within(card, '.left')
  left.textContent = product.left > 0 ? `${product.left} left` : 'Sold out'
  left.classList.toggle('few', product.left > 0 && product.left <= product.low)
  left.classList.toggle('none', product.left <= 0)
  /** @type {HTMLButtonElement} */
  const button = within(card, '.buy')
  button.disabled = buying || product.left <= 0
  button.textContent = product.left > 0 ? 'Buy' : product.single ? 'Gone' : 'Sold out'
}
