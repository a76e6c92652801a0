import { skipString } from './payload.ts'

/**
 * Cuts a JSON object or array into the raw texts of its values, so that a payload inside a message can be carried on
 * as it was written. The text must already be known to be valid JSON: nothing is checked here.
 */

/** The raw value of each member of a JSON object; of a key that stands twice, the last one, as JSON.parse takes it. */
export function sliceObject(text: string): Map<string, string> {
  const members = new Map<string, string>()
  let at = text.indexOf('{') + 1
  for (;;) {
    const open = text.indexOf('"', at)
    if (open === -1) return members
    const close = skipString(text, open)
    const key: string = JSON.parse(text.slice(open, close + 1))
    const start = text.indexOf(':', close) + 1
    const end = valueEnd(text, start)
    members.set(key, text.slice(start, end).trim())
    at = end + 1
    if (text[end] === '}') return members
  }
}

/** The raw value of one member of a JSON object, the last one where its key stands twice. */
export function sliceMember(text: string, name: string): string | undefined {
  let found: string | undefined
  let at = text.indexOf('{') + 1
  for (;;) {
    const open = text.indexOf('"', at)
    if (open === -1) return found
    const close = skipString(text, open)
    const start = text.indexOf(':', close) + 1
    const end = valueEnd(text, start)
    if (isKey(text, open, close, name)) found = text.slice(start, end).trim()
    at = end + 1
    if (text.charCodeAt(end) === 0x7d) return found
  }
}

/** Whether the string between these two quotes is `name`, escaped or not. Looks no further than the string: there may be many. */
function isKey(text: string, open: number, close: number, name: string): boolean {
  const key = text.slice(open + 1, close)
  if (key.length <= name.length) return key === name
  return key.includes('\\') && JSON.parse(`"${key}"`) === name
}

/** The raw elements of a JSON array. */
export function sliceArray(text: string): string[] {
  const elements: string[] = []
  let at = text.indexOf('[') + 1
  for (;;) {
    const end = valueEnd(text, at)
    const raw = text.slice(at, end).trim()
    if (raw !== '') elements.push(raw)
    if (text[end] !== ',') return elements
    at = end + 1
  }
}

/** The index of the `,`, `}` or `]` that ends the value starting at `start`. */
function valueEnd(text: string, start: number): number {
  let depth = 0
  for (let i = start; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        i = skipString(text, i)
        break
      case 0x7b: // {
      case 0x5b: // [
        depth++
        break
      case 0x7d: // }
      case 0x5d: // ]
        if (depth-- === 0) return i
        break
      case 0x2c: // ,
        if (depth === 0) return i
    }
  }
  return text.length
}
