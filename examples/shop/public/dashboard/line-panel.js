// @ts-check
import { postJson } from '/parts/api.js'
import { byId, copyOf, eachFrame, within } from '/parts/dom.js'
import { count } from '/parts/format.js'
import { lineId, showPhase, showWhy } from '/parts/line.js'

/**
 * @typedef {import('fairlead/client').Client<import('../../server/channels.ts').ShopChannels>} Client
 * @typedef {Pick<import('fairlead/client').Channel, 'position' | 'on'>} Followed
 * @typedef {{ cuts: number, events: number, openedAt: number, open: boolean }} Missed
 */

/**
 * Shows one connection: its state, transport and position, and what it missed while it was cut and got afterwards.
 *
 * @param {{ title: string, client: Client, channels: readonly Followed[], clock: () => number }} options `clock` is
 *   the shop's, in milliseconds
 */
export function showConnection({ title, client, channels, clock }) {
  const row = copyOf('connection')
  row.dataset.connection = title.toLowerCase()
  within(row, 'h3').textContent = title
  within(row, 'legend').textContent = `Transport of ${title.toLowerCase()}`
  byId('connections').append(row)
  showPhase(within(row, '.pill'), client)
  showWhy(within(row, '.why'), client)
  /** @type {Missed} */
  const missed = { cuts: 0, events: 0, openedAt: 0, open: false }

  const draw = eachFrame(() => {
    const { transport, phase } = client.state
    if (phase === 'open') for (const input of inputs) input.checked = input.value === transport
    within(row, 'code').textContent = newest(channels) ?? '–'
    within(row, '.replayed').textContent = missedText(missed)
  })
  const inputs = pickTransport(row, title, client, draw)

  client.onState(({ phase }) => {
    const open = phase === 'open'
    if (open && !missed.open) missed.openedAt = clock()
    if (!open && missed.open) missed.cuts += 1
    missed.open = open
    draw()
  })
  for (const channel of channels) {
    channel.on('*', (_, { time }) => {
      // It was missed if it happened before the connection came back.
      if (missed.cuts > 0 && time < missed.openedAt) missed.events += 1
      draw()
    })
  }
  draw()
}

/**
 * Lets the operator put the connection on another transport while it runs.
 *
 * @param {HTMLElement} row
 * @param {string} title
 * @param {Client} client
 * @param {() => void} draw
 */
function pickTransport(row, title, client, draw) {
  const inputs = [...row.querySelectorAll('input')]
  for (const input of inputs) {
    input.name = `transport-${title}`
    input.addEventListener('change', () => {
      const transport = /** @type {import('fairlead/client').TransportName} */ (input.value)
      within(row, '.replayed').textContent = 'Changing …'
      client.use(transport).then(draw, draw)
    })
  }
  return inputs
}

/** @param {{ cuts: number, events: number }} missed */
function missedText({ cuts, events }) {
  if (cuts === 0) return 'Never cut so far'
  const times = cuts === 1 ? 'once' : `${count(cuts)} times`
  return `Cut ${times}; ${count(events)} ${events === 1 ? 'event' : 'events'} missed and replayed`
}

/**
 * The furthest position among channels of one connection.
 *
 * @param {readonly Followed[]} channels
 */
function newest(channels) {
  const offset = (/** @type {string} */ position) => Number(position.slice(position.indexOf('.') + 1))
  return channels
    .map((channel) => channel.position)
    .filter((position) => position !== undefined)
    .sort((a, b) => offset(b) - offset(a))[0]
}

/** Makes the switch that has the shop reset every connection of this page, and refuse new ones for a while. */
export function armCut() {
  /** @type {HTMLButtonElement} */
  const button = byId('cut-button')
  byId('cut').addEventListener('submit', (event) => {
    event.preventDefault()
    const seconds = Number(/** @type {HTMLSelectElement} */ (byId('cut-seconds')).value)
    void cut(button, seconds)
  })
}

/**
 * @param {HTMLButtonElement} button
 * @param {number} seconds
 */
async function cut(button, seconds) {
  button.disabled = true
  await postJson('/api/cut', { line: lineId, seconds }).catch(() => {})
  for (let left = seconds; left > 0; left--) {
    button.textContent = `Cut for ${left} s`
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
  button.textContent = 'Cut the line'
  button.disabled = false
}

/**
 * Shows that the order numbers leave none out.
 *
 * @param {import('./ledger.js').Ledger} ledger
 */
export function showLedger(ledger) {
  const text = byId('ledger')
  text.dataset.first = String(ledger.first)
  text.dataset.last = String(ledger.last)
  text.dataset.missing = String(ledger.missing)
  text.dataset.twice = String(ledger.twice)
  text.classList.toggle('wrong', ledger.missing + ledger.twice > 0)
  text.textContent =
    ledger.seen === 0
      ? 'No order has come by since this page was opened'
      : `${count(ledger.seen)} orders came by, to no. ${ledger.last}: ${ledger.missing} missing, ${ledger.twice} twice`
}
