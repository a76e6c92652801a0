/** An item that knows its place in a heap, so that it can be taken out or moved wherever it is. */
export interface Heaped {
  /** The lowest is first. Who changes it while the item is in a heap calls `moved`. */
  rank: number
  /** The heap's own; -1 outside of one. */
  place: number
}

/** Items by rank, the lowest at hand; adding, moving and removing cost the logarithm of how many there are. */
export class Heap<T extends Heaped> {
  readonly #items: T[] = []

  get first(): T | undefined {
    return this.#items[0]
  }

  add(item: T): void {
    this.#items.push(item)
    this.#rise(item, this.#items.length - 1)
  }

  /** Puts an item where its changed rank belongs. */
  moved(item: T): void {
    this.#rise(item, item.place)
    this.#sink(item, item.place)
  }

  /** Takes out an item; one that is in no heap is left alone. */
  remove(item: T): void {
    const place = item.place
    if (place === -1) return
    item.place = -1
    const last = this.#items.pop()!
    if (last === item) return
    last.place = place
    this.#items[place] = last
    this.moved(last)
  }

  #rise(item: T, from: number): void {
    let place = from
    while (place > 0) {
      const parent = this.#items[(place - 1) >> 1]!
      if (parent.rank <= item.rank) break
      this.#put(parent, place)
      place = (place - 1) >> 1
    }
    this.#put(item, place)
  }

  #sink(item: T, from: number): void {
    let place = from
    for (;;) {
      const left = this.#items[2 * place + 1]
      const right = this.#items[2 * place + 2]
      const child = right && left && right.rank < left.rank ? right : left
      if (!child || child.rank >= item.rank) break
      const next = child.place
      this.#put(child, place)
      place = next
    }
    this.#put(item, place)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}
