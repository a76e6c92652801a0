// @ts-check
/**
 * @typedef {import('fairlead/client').PresenceEvent} Change
 */

/**
 * Counts who is on a channel. Joins and leaves are told while a connection holds, so who is there is asked whenever one
 * begins; what was told meanwhile is newer than the answer and is put on top of it.
 *
 * @param {Pick<import('fairlead/client').Client, 'state' | 'onState'>} client
 * @param {Pick<import('fairlead/client').Channel, 'members' | 'onPresence'>} channel
 * @param {(present: number) => void} tell
 */
export function followPresence(client, channel, tell) {
  /** @type {Set<string>} */
  let present = new Set()
  /** @type {Change[]} */
  let meanwhile = []

  /** @param {Change} change */
  function apply({ join, leave }) {
    for (const member of join) present.add(member)
    for (const member of leave) present.delete(member)
  }

  async function ask() {
    meanwhile = []
    const members = await channel.members().catch(() => undefined)
    if (members === undefined) return
    present = new Set(members)
    meanwhile.forEach(apply)
    tell(present.size)
  }

  channel.onPresence((change) => {
    meanwhile.push(change)
    apply(change)
    tell(present.size)
  })
  client.onState(({ phase }) => {
    if (phase === 'open') void ask()
  })
}
