import type { Constants } from '../../advisor/index.ts'
import { columns, short, sizeText, timeText } from './words.ts'

/** What was measured, for a person to read. */
export function constantLines({ source, cpu, memory, overheadMs }: Constants): string[] {
  const rows = [
    ['a POST that publishes', `${short(cpu.post)} µs`, `answered in ${timeText(overheadMs.post)}`],
    ['a WebSocket message', `${short(cpu.frame)} µs`, `answered in ${timeText(overheadMs.frame)}`],
    ['an event to one reader, SSE', `${short(cpu.sseEvent)} µs`, ''],
    ['an event to one reader, WebSocket', `${short(cpu.websocketEvent)} µs`, ''],
    ['a GET of history', `${short(cpu.request)} µs`, ''],
    ['a reader that waits, SSE', sizeText(memory.sse), 'memory'],
    ['a reader that waits, WebSocket', sizeText(memory.websocket), 'memory'],
    ['a reader that waits, long-poll', sizeText(memory.longPoll), 'memory'],
  ]
  return [`Server's cost, ${source}:`, ...columns(rows).map((line) => `  ${line}`), '']
}
