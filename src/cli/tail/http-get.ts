import { refusal, unreachable } from '../target.ts'
import type { TailConnection } from './wire.ts'

/** Asks for `url` and resolves with a 200. Throws `CommandError` or, when it may pass, `TemporaryError`. */
export async function httpGet(
  url: URL,
  { target, signal }: TailConnection,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const response = await fetch(url, { headers: { ...target.headers, ...headers }, signal }).catch((error) => {
    throw signal.aborted ? error : unreachable(url, error)
  })
  if (response.status === 200) return response
  throw refusal(url, response.status, await response.text())
}
