import type { Item, Reader } from './readers.ts'

/** The next `n` items. */
export async function take(reader: Reader, n: number): Promise<Item[]> {
  const items: Item[] = []
  while (items.length < n) items.push(await reader.next())
  return items
}

/** The payloads of some items. */
export function texts(items: readonly Item[]): (string | undefined)[] {
  return items.map((item) => item.text)
}

/** The whole numbers from `from` up to, not including, `to`. */
export function count(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}
