import { sliceObject } from '../../protocol/index.ts'
import type { Terminal } from '../terminal.ts'
import type { TailEvent, TailMessage } from './wire.ts'

/** Prints a message for a person: events on standard output, what is said about the stream on standard error. */
export function showMessage(
  { text, message }: TailMessage,
  { print, note, style, noteStyle }: Terminal,
): void {
  switch (message.op) {
    case 'event':
      return print(eventLine(text, message, style))
    case 'reset':
      return note(
        noteStyle('yellow', `Reset (${message.reason}): what came after your position may be gone. `) +
          `Going on after ${message.latest}; all that is kept comes after ${message.earliest}.`,
      )
    case 'bye':
      return note(noteStyle('dim', `The server says goodbye (${message.reason}).`))
    case 'denied':
      return note(noteStyle('yellow', `${visible(message.channel)} may not be read (${message.code}).`))
    case 'presence':
      return note(noteStyle('dim', `Presence: ${changes(message.join, '+')}${changes(message.leave, '-')}`))
    case 'heartbeat':
  }
}

function eventLine(text: string, message: TailEvent, style: Terminal['style']): string {
  const { id = '-', event, time, tag } = message
  const parts = [style('dim', visible(id))]
  if (time !== undefined) parts.push(style('dim', new Date(time).toISOString().slice(11, 23)))
  parts.push(style('cyan', visible(event)))
  if (tag !== undefined) parts.push(style('yellow', `[${visible(tag)}]`))
  parts.push(payload(text))
  return parts.join('  ')
}

/** The payload's own text; bytes by their number and their base64. */
function payload(text: string): string {
  const fields = sliceObject(text)
  const bytes = fields.get('bytes')
  if (bytes === undefined) return visible(fields.get('data') ?? '')
  const base64: string = JSON.parse(bytes)
  return `<${Buffer.byteLength(base64, 'base64')} bytes> ${base64}`
}

function changes(members: readonly string[], sign: string): string {
  return members.map((member) => ` ${sign}${visible(member)}`).join('')
}

/** Shows control characters instead of obeying them: anyone who may send could otherwise drive the terminal. */
function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (unit) => `\\x${unit.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
