// @ts-check
import { enterRoom } from '/parts/chat.js'
import { byId } from '/parts/dom.js'
import { connectByLine, showPhase } from '/parts/line.js'
import { transports } from '/transports.js'

/** The customer's own room: long and random, because who knows it may read it. Kept, so that an answer finds them. */
function ownRoom() {
  const room = sessionStorage.getItem('room') ?? crypto.randomUUID()
  sessionStorage.setItem('room', room)
  return room
}

/** The chat with the shop. It connects when it is first opened: most customers never ask. */
export function openAsk() {
  const ask = byId('ask')
  const chat = byId('chat')
  let entered = false

  ask.addEventListener('click', () => {
    chat.hidden = false
    ask.setAttribute('aria-expanded', 'true')
    if (!entered) enter()
    entered = true
    byId('chat-text').focus()
  })
  byId('chat-close').addEventListener('click', close)
  chat.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close()
  })
  if (sessionStorage.getItem('room')) {
    enter()
    entered = true
  }

  function close() {
    chat.hidden = true
    ask.setAttribute('aria-expanded', 'false')
    ask.focus()
  }
}

function enter() {
  const client = connectByLine({ transport: transports.chat })
  showPhase(byId('chat-line'), client)
  enterRoom({
    client,
    room: ownRoom(),
    side: 'customer',
    lines: byId('chat-lines'),
    form: /** @type {HTMLFormElement} */ (byId('chat-form')),
  })
}
