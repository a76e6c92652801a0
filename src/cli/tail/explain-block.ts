const fieldNames = ['data', 'event', 'id', 'retry']

/**
 * Says why a block of server-sent events dispatches nothing, and what to write instead (HTML standard, 9.2.6). `lines`
 * are the block's own, without comments; none of them is a `data:` line.
 */
export function explainBlock(lines: readonly string[]): string {
  const [cause, cure] = findCause(lines)
  const quoted = lines.map((line) => `    ${line}`).join('\n')
  return `Nothing is dispatched for this block: ${cause}\n${quoted}${cure === '' ? '' : `\n  ${cure}`}`
}

type Cause = readonly [cause: string, cure: string]

function findCause(lines: readonly string[]): Cause {
  const swallowed = lines.map(swallowedData).find((found) => found !== undefined)
  if (swallowed) return swallowed
  const misspelt = lines.map(misspeltField).find((found) => found !== undefined)
  if (misspelt) return misspelt
  const fields = lines.map((line) => line.split(':', 1)[0])
  if (!fields.includes('event')) {
    const effect = fields.includes('id') ? 'the id to resume from' : 'the time before a reconnection'
    return [`it only sets ${effect}, and has no "data:" line. That is right if it is meant so.`, '']
  }
  return ['it has no "data:" line.', 'Write one, if only an empty one: "data:".']
}

/** `event: new_order data: {…}`: all of it is one field, whose value goes to the end of the line. */
function swallowedData(line: string): Cause | undefined {
  const match = /^(event|id|retry): ?(.*?)\s+(data: ?.*)$/.exec(line)
  if (!match) return undefined
  const [, field, value, data] = match
  return [
    `"data:" stands inside the value of "${field}:", which goes to the end of its line.`,
    `"data:" must start a line of its own:\n    ${field}: ${value}\n    ${data}`,
  ]
}

/** A line whose field has another name than the four, such as `Data:`, ` data:`, or JSON without a field. */
function misspeltField(line: string): Cause | undefined {
  const name = line.split(':', 1)[0]!
  if (fieldNames.includes(name)) return undefined
  const meant = name.trim().toLowerCase()
  if (meant !== name && fieldNames.includes(meant)) {
    return [
      `"${name}" is no field: names are in lower case, and start their line without a space.`,
      `Write "${meant}:".`,
    ]
  }
  return [
    'a line of it starts with no field. The fields are data, event, id and retry; all else is ignored.',
    `Write "data: ${line.trim()}".`,
  ]
}
