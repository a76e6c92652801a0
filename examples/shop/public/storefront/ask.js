// @ts-check
import { enterRoom } from '/parts/chat.js'
import { byId } from '/parts/dom.js'
import { connectByLine, showPhase } from '/parts/line.js'
import { transports } from '/transports.js'

/**
 * The customer's own room, kept so that an answer finds them. In a shop that does not know its customers its name is
 * long and random, because who knows it may read it.
 *
 * @param {string | null} customer
 */
function ownRoom(customer) {
  const room = customer ?? sessionStorage.getItem('room') ?? crypto.randomUUID()
  sessionStorage.setItem('room', room)
  return room
}

/**
 * The chat with the shop. It connects when it is first opened: most customers never ask.
 *
 * @param {string | null} customer
 */
export function openAsk(customer) {
  const ask = byId('ask')
  const chat = byId('chat')
  let entered = false

  ask.addEventListener('click', () => {
    chat.hidden = false
    ask.setAttribute('aria-expanded', 'true')
    if (!entered) enter(customer)
    entered = true
    byId('chat-text').focus()
  })
  byId('chat-close').addEventListener('click', close)
  chat.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
  })
  if (sessionStorage.getItem('room')) {
    enter(customer)
    entered = true
  }

  function close() {
    chat.hidden = true
    ask.setAttribute('aria-expanded', 'false')
    ask.focus()
  }
}

/** @param {string | null} customer */
function enter(customer) {
  const client = connectByLine({ transport: transports.chat })
  showPhase(byId('chat-line'), client)
  enterRoom({
    client,
    room: ownRoom(customer),
    side: 'customer',
    lines: byId('chat-lines'),
    form: /** @type {HTMLFormElement} */ (byId('chat-form')),
  })
}
