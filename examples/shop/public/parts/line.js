// @ts-check
import { connect } from '/live/_client.js'
import { door } from '/parts/api.js'

/** This page's own line to the shop, which can be cut without hurting another page. */
export const lineId = crypto.randomUUID()

/**
 * Connects over this page's line.
 *
 * @param {import('fairlead/client').ConnectOptions} options
 * @returns {import('fairlead/client').Client<import('../../server/channels.ts').ShopChannels>}
 */
export function connectByLine(options) {
  return connect(new URL(`${door}/line/${lineId}/live`, location.href).href, options)
}

/** What a connection's phases are called on the page. */
const phases = {
  idle: 'Not connected',
  connecting: 'Connecting',
  open: 'Live',
  waiting: 'Cut off, trying again',
  closed: 'Closed',
}

/**
 * Shows a connection's state in a pill.
 *
 * @param {HTMLElement} pill
 * @param {{ state: { phase: keyof typeof phases }, onState: (fn: () => void) => unknown }} client
 */
export function showPhase(pill, client) {
  const show = () => {
    const { phase } = client.state
    pill.dataset.phase = phase
    pill.textContent = phases[phase]
  }
  client.onState(show)
  show()
}
