/** What became of a numbered sequence, counted by who received it. */
export interface Count {
  readonly received: number
  readonly lost: number
  readonly repeated: number
  /** Came after a higher number. */
  readonly disordered: number
}

/** Takes the numbers of one sequence, 1, 2, 3, …, as they come. */
export class Tally {
  readonly #seen: boolean[] = []
  #highest = 0
  #received = 0
  #repeated = 0
  #disordered = 0

  add(n: number): void {
    this.#received++
    if (this.#seen[n]) this.#repeated++
    else if (n < this.#highest) this.#disordered++
    this.#seen[n] = true
    this.#highest = Math.max(this.#highest, n)
  }

  get highest(): number {
    return this.#highest
  }

  /** The count when numbers up to `last` were given out. */
  count(last: number): Count {
    let lost = 0
    for (let n = 1; n <= last; n++) if (!this.#seen[n]) lost++
    return { received: this.#received, lost, repeated: this.#repeated, disordered: this.#disordered }
  }
}

/** The sum of some counts. */
export function sum(counts: readonly Count[]): Count {
  const total = (name: keyof Count): number => counts.reduce((value, count) => value + count[name], 0)
  return {
    received: total('received'),
    lost: total('lost'),
    repeated: total('repeated'),
    disordered: total('disordered'),
  }
}
