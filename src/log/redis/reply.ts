/** What Redis answers as it comes: numbers, and texts as bytes. */
export type Reply = number | Buffer | null | readonly Reply[]

/** The text of a reply. */
export function textOf(reply: Reply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString() : String(reply ?? '')
}
