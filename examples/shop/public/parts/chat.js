// @ts-check
import { make } from './dom.js'

/**
 * Runs one chat room in a list of lines and a form: history first, then live. A line is shown at once as pending and
 * settles when it comes round through the room.
 *
 * @param {object} options
 * @param {import('fairlead/client').Client<import('../../server/channels.ts').ShopChannels>} options.client
 * @param {string} options.room
 * @param {'customer' | 'operator'} options.side who is on this side of the counter
 * @param {HTMLElement} options.lines
 * @param {HTMLFormElement} options.form
 * @param {(from: 'customer' | 'operator') => void} [options.onLine] told of each line that came
 * @returns {() => void} leaves the room
 */
export function enterRoom({ client, room, side, lines, form, onLine = () => {} }) {
  const channel = client.channel(`chat/${room}`, { after: 'earliest' })
  const leaving = new AbortController()
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem('text'))
  /** @type {Map<string, HTMLElement>} shown before they came round, by key */
  const pending = new Map()
  lines.replaceChildren()

  channel.on('say', ({ from, text }, { tag }) => {
    onLine(from)
    const own = pending.get(tag ?? '')
    if (own) {
      own.classList.remove('pending', 'failed')
      pending.delete(tag ?? '')
    } else {
      show(from, text)
    }
  })
  channel.onReset(() =>
    note('The shop was closed for a moment: what was said before is no longer on record.'),
  )

  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault()
      const text = input.value.trim()
      if (text === '') return
      input.value = ''
      void say(text)
    },
    { signal: leaving.signal },
  )

  /** @param {string} text */
  async function say(text) {
    const tag = crypto.randomUUID()
    const line = show(side, text)
    line.classList.add('pending')
    pending.set(tag, line)
    try {
      await channel.send('say', { from: side, text }, { tag })
    } catch (error) {
      if (leaving.signal.aborted) return
      line.classList.add('failed')
      note(`Not sent: ${error instanceof Error ? error.message : error}`)
    }
  }

  /**
   * @param {'customer' | 'operator'} from
   * @param {string} text
   */
  function show(from, text) {
    const line = make('p', from === side ? 'chat-line own' : 'chat-line', text)
    append(line)
    return line
  }

  /** @param {string} text */
  function note(text) {
    append(make('p', 'chat-note', text))
  }

  /** @param {HTMLElement} line */
  function append(line) {
    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40
    lines.append(line)
    if (atEnd) lines.scrollTop = lines.scrollHeight
  }

  return () => {
    leaving.abort()
    channel.close()
  }
}
