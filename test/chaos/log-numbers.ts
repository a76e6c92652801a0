/** A numbered event as the log holds it. */
export interface Numbered {
  readonly id: string
  readonly n: number
}

interface Page {
  readonly events: readonly { readonly id: string; readonly data: { readonly n: number } }[]
  readonly position: string
  readonly more: boolean
}

/** All numbered events of a channel, asked of the server itself, past any proxy. */
export async function numbersOf(port: number, channel: string): Promise<Numbered[]> {
  const found: Numbered[] = []
  let after = 'earliest'
  for (let more = true; more; ) {
    const answer = await fetch(`http://127.0.0.1:${port}/live/${channel}?after=${after}&limit=1000`)
    const page = (await answer.json()) as Page
    found.push(...page.events.map(({ id, data }) => ({ id, n: data.n })))
    after = page.position
    more = page.more
  }
  return found
}
