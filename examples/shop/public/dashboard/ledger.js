// @ts-check

/**
 * Checks that nothing is lost and nothing comes twice. The shop numbers its orders without leaving one out, so the
 * numbers alone betray a hole or a repetition, whatever the transport said.
 */
export class Ledger {
  first = 0
  last = 0
  seen = 0
  missing = 0
  twice = 0

  /**
   * Begins anew behind the orders that a state already holds.
   *
   * @param {number} count
   */
  begin(count) {
    this.first = count + 1
    this.last = count
    this.seen = this.missing = this.twice = 0
  }

  /** @param {number} number an order's number, as it came */
  enter(number) {
    this.seen += 1
    if (number <= this.last) this.twice += 1
    else this.missing += number - this.last - 1
    this.last = Math.max(this.last, number)
  }
}
