import { type EventMap, FairleadError, type SchemaIssue, type StandardSchema } from '../protocol/index.ts'

/** How much of a path is said: the keys of a record are the sender's own words. */
const pathLength = 200

/**
 * Checks what a client sends against the declaration of its channel, and answers the payload as the validator gives it
 * on. Throws `invalid_data` with the path of what is wrong, never with what stood there. On a channel with a validator,
 * an event that is not declared is refused with `invalid_event_name`: else another name would be the way around.
 */
export async function validate(events: EventMap, event: string, data: unknown): Promise<unknown> {
  if (!Object.hasOwn(events, event))
    throw new FairleadError('invalid_event_name', 'This channel takes only the events that it declares.')
  const schema = events[event]
  if (!isSchema(schema)) return data
  const result = await schema['~standard'].validate(data)
  if (!result.issues) return result.value
  const path = pointer(result.issues[0]?.path)
  const where = path === '' ? '' : `, at ${path}`
  throw new FairleadError('invalid_data', `This is not what the event is declared to carry${where}.`, {
    path,
  })
}

/** Looked through once for each declaration, and not at each send. */
const validated = new WeakMap<EventMap, boolean>()

/** Whether a client's send can be refused for what it carries. */
export function isValidated(events: EventMap | undefined): events is EventMap {
  if (!events) return false
  let known = validated.get(events)
  if (known === undefined) {
    known = Object.values(events).some(isSchema)
    validated.set(events, known)
  }
  return known
}

function isSchema(value: EventMap[string] | undefined): value is StandardSchema {
  return value !== undefined && '~standard' in value
}

/** A path as a JSON pointer (RFC 6901): `''` is the payload itself. */
function pointer(path: SchemaIssue['path'] = []): string {
  const keys = path.map((part) => String(typeof part === 'object' ? part.key : part))
  const text = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return text.slice(0, pathLength)
}
