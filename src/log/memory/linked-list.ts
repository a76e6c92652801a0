/** An item that holds its own neighbours, so that it can be taken out of the middle of a list in one step. */
export interface Linked<T> {
  previous: T | undefined
  next: T | undefined
}

/** A list in the order of pushing. An item is in at most one list at a time. */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined
  #last: T | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  get first(): T | undefined {
    return this.#first
  }

  push(item: T): void {
    item.previous = this.#last
    if (this.#last) this.#last.next = item
    else this.#first = item
    this.#last = item
    this.#length++
  }

  /** Takes out an item that is in this list. */
  remove(item: T): void {
    if (item.previous) item.previous.next = item.next
    else this.#first = item.next
    if (item.next) item.next.previous = item.previous
    else this.#last = item.previous
    // A removed item that pointed on into the list would keep what it points at alive.
    item.previous = undefined
    item.next = undefined
    this.#length--
  }
}
