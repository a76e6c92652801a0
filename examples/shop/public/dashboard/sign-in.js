// @ts-check
import { door, getJson, postJson, Refused } from '/parts/api.js'
import { byId } from '/parts/dom.js'
import { timeOfDay } from '/parts/format.js'

/** @typedef {{ name: string, expiresAt: number }} Operator */

/**
 * Resolves when the reader may see the dashboard: at once where nobody is asked or the browser has an operator's
 * cookie, else when a token was traded for one. The token is kept nowhere in the page.
 */
export async function signIn() {
  const { required, operator } = await ask()
  if (required) showOperator(operator ?? (await fillIn('')))
  byId('main').hidden = false
}

/**
 * The sign-in has ended: nothing stays on the page, which begins anew once somebody signs in.
 *
 * @param {string} reason
 */
export async function signInAgain(reason) {
  byId('main').hidden = true
  byId('who').hidden = true
  await fillIn(reason)
  location.reload()
}

/** @returns {Promise<{ required: boolean, operator: Operator | null }>} */
async function ask() {
  for (;;) {
    const answer = await getJson('/api/operator').catch(() => undefined)
    if (answer) return answer
    await new Promise((resolve) => setTimeout(resolve, 1000))
  }
}

/**
 * Shows the form until a token was taken.
 *
 * @param {string} reason why it is shown
 * @returns {Promise<Operator>}
 */
function fillIn(reason) {
  const form = /** @type {HTMLFormElement} */ (byId('sign-in-form'))
  const input = /** @type {HTMLInputElement} */ (byId('sign-in-token'))
  byId('sign-in').hidden = false
  byId('sign-in-said').textContent = reason
  input.focus()
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault()
      void trade(input, resolve)
    }
  })
}

/**
 * @param {HTMLInputElement} input
 * @param {(operator: Operator) => void} done
 */
async function trade(input, done) {
  const token = input.value.trim()
  input.value = ''
  try {
    const { operator } = await postJson('/api/operator', { token })
    byId('sign-in').hidden = true
    done(operator)
  } catch (error) {
    byId('sign-in-said').textContent =
      error instanceof Refused && error.status < 500
        ? `Not let in: ${error.message}`
        : 'The shop does not answer. Try again.'
    input.focus()
  }
}

/** @param {Operator} operator */
function showOperator({ name, expiresAt }) {
  byId('who').hidden = false
  byId('who-name').textContent = `${name}, until ${timeOfDay(expiresAt).slice(0, 5)}`
  byId('sign-out').addEventListener('click', async () => {
    await fetch(`${door}/api/operator`, { method: 'DELETE' }).catch(() => {})
    location.reload()
  })
}
