// @ts-check

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
  return answer(await fetch(path, signal ? { signal } : {}))
}

/**
 * Posts to the shop's own API. Throws `Refused` when the shop says no, `TypeError` when it cannot be reached.
 *
 * @param {string} path
 * @param {object} body
 */
export async function postJson(path, body) {
  const headers = { 'content-type': 'application/json' }
  return answer(await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }))
}

/** @param {Response} response */
async function answer(response) {
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refused(response.status, body)
  return body
}
