import type { MessageLine } from '../../src/log/process/message-line.ts'

/** Both ends of a line within this process, which passes copies as an IPC channel does. */
export interface LinePair {
  readonly worker: MessageLine
  readonly primary: MessageLine
  /** How many messages each side has sent. */
  readonly sent: { worker: number; primary: number }
  /** The worker stops reading: what the primary sends is not taken, until `release`. */
  hold(): void
  release(): void
  close(): void
}

/** `copy` is what the channel makes of a message. */
export function linePair(copy: (message: unknown) => unknown = structuredClone): LinePair {
  const listeners = { worker: (_: unknown) => {}, primary: (_: unknown) => {} }
  const closed: (() => void)[] = []
  const sent = { worker: 0, primary: 0 }
  let held: (() => void)[] | undefined
  let open = true

  const end = (from: 'worker' | 'primary', to: 'worker' | 'primary'): MessageLine => ({
    send(message, taken) {
      const copied = copy(message)
      sent[from]++
      const pass = () => {
        if (!open) return
        taken()
        listeners[to](copied)
      }
      if (held && from === 'primary') held.push(pass)
      else setImmediate(pass)
    },
    onMessage(listener) {
      listeners[from] = listener
    },
    onClose: (listener) => void closed.push(listener),
  })

  return {
    worker: end('worker', 'primary'),
    primary: end('primary', 'worker'),
    sent,
    hold() {
      held = []
    },
    release() {
      for (const pass of held ?? []) setImmediate(pass)
      held = undefined
    },
    close() {
      open = false
      for (const listener of closed) listener()
    },
  }
}
