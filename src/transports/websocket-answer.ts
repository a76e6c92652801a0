import type { OkMessage } from '../protocol/index.ts'

/**
 * The text that answers a message by its `ref`; `data` is a handler's own answer, as JSON text. Written by hand, for there is
 * one for each send: neither a position nor a durability has a character to escape.
 */
export function okText(
  { ref, position, id, durability }: Omit<OkMessage, 'op' | 'data'>,
  data?: string,
): string {
  const positionField = position === undefined ? '' : `,"position":"${position}"`
  const idField = id === undefined ? '' : `,"id":"${id}"`
  const durabilityField = durability === undefined ? '' : `,"durability":"${durability}"`
  const dataField = data === undefined ? '' : `,"data":${data}`
  return `{"op":"ok","ref":${ref}${positionField}${idField}${durabilityField}${dataField}}`
}
