// @ts-check

/**
 * What the page's own requests go below. The operators' cookie is for what is below the dashboard's path alone, so that
 * a storefront in the same browser stays a customer's.
 */
export const door = location.pathname.startsWith('/dashboard') ? '/dashboard' : ''

/** What the shop said no with. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{ code?: string, detail?: string, left?: number }} problem
   */
  constructor(status, problem) {
    super(problem.detail ?? `The shop answered ${status}.`)
    this.status = status
    this.code = problem.code ?? 'internal'
    this.left = problem.left
  }
}

/**
 * Reads from the shop's own API.
 *
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
export async function getJson(path, signal) {
  return answer(await fetch(door + path, signal ? { signal } : {}))
}

/**
 * Posts to the shop's own API. Throws `Refused` when the shop says no, `TypeError` when it cannot be reached.
 *
 * @param {string} path
 * @param {object} body
 */
export async function postJson(path, body) {
  const headers = { 'content-type': 'application/json' }
  return answer(await fetch(door + path, { method: 'POST', headers, body: JSON.stringify(body) }))
}

/**
 * Whether something was refused because of who asked.
 *
 * @param {unknown} error
 */
export function isAboutWho(error) {
  const { code = '' } = /** @type {{ code?: string }} */ (error ?? {})
  return ['auth_required', 'forbidden', 'invalid_token', 'token_expired'].includes(code)
}

/** @param {Response} response */
async function answer(response) {
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refused(response.status, body)
  return body
}
