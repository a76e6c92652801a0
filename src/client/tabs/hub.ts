import type { FairleadError } from '../../protocol/errors.ts'
import type { Client } from '../api.ts'
import type { Clock } from '../clock.ts'
import { aliveMs, type FromHub, type OpenBus } from './bus.ts'

/** A channel that no tab asked for lately is read no more: its tab crashed. In milliseconds. */
const forgottenMs = 60_000

/** What holds the one connection, in the tab that leads. */
export interface Hub {
  /** Lets the connection go, and says so. */
  close(reason: string): void
}

/** Reads over one client what any tab asks for, and tells all of them what comes. */
export function createHub(client: Client, openBus: OpenBus, clock: Clock): Hub {
  const hub = client.id
  const read = new Map<string, { askedAt: number; isDenied: boolean; close(): void }>()
  let cancel = () => {}
  let isOpen = true

  const post = (message: FromHub) => {
    if (isOpen) bus.post(message)
  }

  const follow = (name: string) => {
    const channel = client.channel(name)
    const tell = (message: Extract<FromHub, { op: 'message' }>['message']) =>
      post({ op: 'message', hub, message })
    channel.on('*', (data, { event, ...meta }) => tell({ op: 'event', ...meta, event, data }))
    channel.onReset((reset) => tell({ op: 'reset', id: reset.latest, ...reset }))
    channel.onPresence((change) => tell({ op: 'presence', ...change }))
    const one = { askedAt: clock.now(), isDenied: false, close: () => channel.close() }
    channel.onError((error) => {
      one.isDenied = true
      tell({ op: 'denied', channel: name, code: (error as FairleadError).code })
    })
    read.set(name, one)
  }

  const bus = openBus((message) => {
    if (message.op !== 'read' || !isOpen) return
    for (const name of message.channels) {
      const known = read.get(name)
      if (known) known.askedAt = clock.now()
      else follow(name)
    }
    alive()
  })

  const alive = () => {
    const positions: Record<string, string> = {}
    const denied: string[] = []
    for (const [name, { askedAt, isDenied, close }] of read) {
      if (clock.now() - askedAt > forgottenMs) {
        read.delete(name)
        close()
      } else if (isDenied) denied.push(name)
      else {
        const { position } = client.channel(name)
        if (position) positions[name] = position
      }
    }
    post({ op: 'alive', hub, transport: client.state.transport, positions, denied })
  }

  const beat = () => {
    cancel = clock.after(aliveMs, beat)
    alive()
  }

  const close = (reason: string) => {
    if (!isOpen) return
    post({ op: 'gone', hub, reason })
    isOpen = false
    cancel()
    bus.close()
    client.close()
  }

  client.onState(({ phase, reason }) => (phase === 'closed' ? close(reason) : alive()))
  beat()
  return { close }
}
