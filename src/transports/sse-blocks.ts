import { type ControlMessage, encodeSseBlock } from '../protocol/index.ts'

/** What is not an event, as plain blocks: names start with `$`, which no application's event does. */
export function plainBlocks(message: ControlMessage): string {
  switch (message.op) {
    case 'reset': {
      const { op, id, ...data } = message
      return encodeSseBlock({ id, event: `$${op}`, data: JSON.stringify(data) })
    }
    case 'presence':
      return (['join', 'leave'] as const)
        .filter((kind) => message[kind].length > 0)
        .map((kind) => presenceBlock(kind, message.channel, message[kind]))
        .join('')
    case 'heartbeat':
      throw new TypeError('A heartbeat is written by the stream itself.')
    default: {
      const { op, ...data } = message
      return encodeSseBlock({ event: `$${op}`, data: JSON.stringify(data) })
    }
  }
}

function presenceBlock(kind: 'join' | 'leave', channel: string, members: readonly string[]): string {
  return encodeSseBlock({ event: `$${kind}`, data: JSON.stringify({ channel, members }) })
}
