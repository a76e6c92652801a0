/**
 * The script of the development page: a small use of the client. It is a text of its own, not compiled, so it is plain
 * JavaScript without template literals. What others send is only ever written as text.
 */
export function pageScript(base: string): string {
  return `
import { connect } from '${base}/_client.js'

const byId = (id) => document.getElementById(id)
const client = connect(new URL('${base}', location.href).href)
const shown = 200
let channel

function follow(name) {
  channel?.close()
  byId('events').replaceChildren()
  byId('empty').hidden = false
  byId('channel').value = name
  channel = client.channel(name, { last: 20 })
  channel.on('*', (data, meta) => showEvent(data, meta))
  channel.onReset((reset) => showNote('Reset (' + reset.reason + '): some events are no longer kept.'))
  for (const code of document.querySelectorAll('[data-line]')) {
    code.textContent = code.dataset.line.replaceAll('ORIGIN', location.origin).replaceAll('CHANNEL', name)
  }
}

function showEvent(data, meta) {
  const item = document.createElement('li')
  const time = new Date(meta.time).toLocaleTimeString()
  const text = data instanceof Uint8Array ? '<' + data.length + ' bytes>' : JSON.stringify(data)
  item.append(part('name mono', meta.event), part('meta mono', (meta.id ?? 'not kept') + '  ' + time), part('data mono', text))
  add(item)
}

function showNote(text) {
  const item = document.createElement('li')
  item.append(part('note', text))
  add(item)
}

function part(className, text) {
  const span = document.createElement('span')
  span.className = className
  span.textContent = text
  return span
}

function add(item) {
  byId('empty').hidden = true
  byId('events').prepend(item)
  while (byId('events').children.length > shown) byId('events').lastChild.remove()
  byId('position').textContent = channel.position ?? 'none yet'
}

function showState(state) {
  byId('dot').className = 'dot ' + state.phase
  const inUse = document.querySelector('[data-transport="' + state.transport + '"]')
  byId('phase').textContent = state.phase === 'open' && inUse ? 'open over ' + inUse.textContent : state.phase
  byId('position').textContent = channel?.position ?? 'none yet'
  for (const button of document.querySelectorAll('[data-transport]')) {
    button.setAttribute('aria-pressed', String(button.dataset.transport === state.transport))
  }
}

async function answerTo(work) {
  const answer = byId('answer')
  answer.className = ''
  answer.textContent = '…'
  try {
    answer.textContent = await work()
  } catch (error) {
    answer.className = 'bad'
    answer.textContent = error.message
  }
}

byId('follow').addEventListener('submit', (event) => {
  event.preventDefault()
  location.hash = byId('channel').value
})

byId('send').addEventListener('submit', (event) => {
  event.preventDefault()
  answerTo(async () => {
    const answer = await channel.send(byId('event').value || 'message', JSON.parse(byId('data').value))
    return answer.id ? 'Stored as ' + answer.id + ' (' + answer.durability + ')' : 'Taken'
  })
})

for (const button of document.querySelectorAll('[data-transport]')) {
  button.addEventListener('click', () => {
    answerTo(() => client.use(button.dataset.transport).then(() => ''))
  })
}

const named = () => decodeURIComponent(location.hash.slice(1)) || 'demo'
addEventListener('hashchange', () => follow(named()))
client.onState(showState)
follow(named())
showState(client.state)
`
}
