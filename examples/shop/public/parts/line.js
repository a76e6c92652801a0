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

/**
 * Shows why a connection is on its transport: the client's last decision.
 *
 * @param {HTMLElement} text
 * @param {Pick<import('fairlead/client').Client, 'explain' | 'onDecision'>} client
 */
export function showWhy(text, client) {
  const show = () => {
    const { decisions, measured } = client.explain()
    const { reason = '' } = decisions.at(-1) ?? {}
    const tripMs = measured.roundTripMs
    text.textContent =
      reason && `Why: ${reason}${tripMs === undefined ? '' : ` Round trip ${Math.round(tripMs)} ms.`}`
    text.title = decisions
      .map(
        ({ at, kind, to, reason }) => `${new Date(at).toLocaleTimeString()} ${kind} ${to ?? ''}: ${reason}`,
      )
      .join('\n')
  }
  client.onDecision(show)
  show()
}
