// @ts-check

import { getJson } from '/parts/api.js'
import { enterRoom } from '/parts/chat.js'
import { byId, drawList, make, within } from '/parts/dom.js'

/** @typedef {{ room: string, from: 'customer' | 'operator', text: string, time: number }} Room */

/**
 * The operators' side of the support chat: the rooms that were spoken in, and one of them open.
 *
 * @param {import('fairlead/client').Client<import('../../server/channels.ts').ShopChannels>} client
 */
export function openSupport(client) {
  /** @type {Room[]} */
  let rooms = []
  /** @type {string | undefined} */
  let open
  let leave = () => {}

  const desk = client.channel('support', {
    load: (signal) => getJson('/api/dashboard/support', signal),
  })
  desk.onLoad((state) => {
    rooms = state.rooms
    draw()
  })
  desk.on('said', ({ room, from, text }, { time }) => {
    rooms = [{ room, from, text, time }, ...rooms.filter((other) => other.room !== room)].slice(0, 50)
    draw()
  })

  /** @param {string} room */
  function enter(room) {
    leave()
    open = room
    const form = /** @type {HTMLFormElement} */ (byId('chat-form'))
    for (const element of form.elements) element.removeAttribute('disabled')
    leave = enterRoom({ client, room, side: 'operator', lines: byId('chat-lines'), form })
    draw()
  }

  function draw() {
    if (open === undefined && rooms[0]) return enter(rooms[0].room)
    const waiting = rooms.filter((room) => room.from === 'customer').length
    byId('support-waiting').textContent = waiting > 0 ? `${waiting} waiting` : ''
    drawList(byId('rooms'), rooms, {
      key: ({ room }) => room,
      make: ({ room }) => roomButton(room, enter),
      update: (item, { room, from }) => drawRoom(item, room, from, room === open),
    })
  }

  return desk
}

/**
 * @param {string} room
 * @param {(room: string) => void} enter
 */
function roomButton(room, enter) {
  const item = make('li')
  const button = make('button', '', `Customer ${room.slice(0, 4)}`)
  button.addEventListener('click', () => enter(room))
  item.append(button)
  return item
}

/**
 * @param {HTMLElement} item
 * @param {string} room
 * @param {Room['from']} from who spoke last
 * @param {boolean} current
 */
function drawRoom(item, room, from, current) {
  const button = within(item, 'button')
  const waits = from === 'customer'
  button.classList.toggle('waiting', waits)
  button.setAttribute('aria-current', String(current))
  button.setAttribute('aria-label', `Customer ${room.slice(0, 4)}${waits ? ', waits for an answer' : ''}`)
}
