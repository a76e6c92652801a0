/** Below this many freed places a queue is not packed: moving a few items often costs more than it frees. */
const packFrom = 32

/** First in, first out, with a look at any place. Each item is moved a constant number of times on average. */
export class Queue<T> {
  #items: (T | undefined)[] = []
  #start = 0

  get length(): number {
    return this.#items.length - this.#start
  }

  get first(): T | undefined {
    return this.#items[this.#start]
  }

  /** The item at `index`, counted from the first; `undefined` when there is none. */
  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#start + index]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the first item out, and lets go of it at once. */
  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#start]
    this.#items[this.#start++] = undefined
    // A new array: cut in place, it would keep the memory of its greatest length.
    if (this.#start >= packFrom && this.#start * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    } else if (this.length === 0) {
      this.#items = []
      this.#start = 0
    }
    return item
  }
}
