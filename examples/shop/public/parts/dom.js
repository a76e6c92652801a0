// @ts-check

/**
 * The element with an id, which the page's own HTML has.
 *
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const found = document.getElementById(id)
  if (!found) throw new Error(`The page has no #${id}.`)
  return /** @type {T} */ (/** @type {unknown} */ (found))
}

/**
 * The element inside another that a selector finds.
 *
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} parent
 * @param {string} selector
 * @returns {T}
 */
export function within(parent, selector) {
  const found = parent.querySelector(selector)
  if (!found) throw new Error(`There is no ${selector} here.`)
  return /** @type {T} */ (found)
}

/**
 * Makes an element. Text is only ever text, never HTML.
 *
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function make(tag, className = '', text = '') {
  const element = document.createElement(tag)
  if (className) element.className = className
  if (text) element.textContent = text
  return element
}

/**
 * The copy of a template's one element.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (byId(id))
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true))
}

/**
 * Brings a list's elements in line with its items. Elements are kept by key, so that a list that moves loses neither
 * focus nor a click that is half done.
 *
 * @template Item
 * @param {HTMLElement} list
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, make: (item: Item) => HTMLElement, update?: (element: HTMLElement, item: Item) => void }} how
 */
export function drawList(list, items, { key, make: makeItem, update = () => {} }) {
  const old = new Map(
    Array.from(list.children, (child) => [/** @type {HTMLElement} */ (child).dataset.key, child]),
  )
  items.forEach((item, index) => {
    const element = /** @type {HTMLElement} */ (old.get(key(item)) ?? makeItem(item))
    element.dataset.key = key(item)
    update(element, item)
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null)
  })
  while (list.children.length > items.length) list.lastElementChild?.remove()
}

/**
 * Calls `draw` in the next frame, once however often it was asked for: a hundred events are one drawing.
 *
 * @param {() => void} draw
 * @returns {() => void} asks for a drawing
 */
export function eachFrame(draw) {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      draw()
    })
  }
}
