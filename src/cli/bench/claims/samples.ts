/** A figure of several rounds. */
export interface Range {
  readonly lowest: number
  readonly median: number
  readonly highest: number
}

/** The range of the rounds' figures. Throws `RangeError` when there are none. */
export function rangeOf(values: readonly number[]): Range {
  if (values.length === 0) throw new RangeError('A range needs one value at least.')
  const sorted = [...values].sort((a, b) => a - b)
  return { lowest: sorted[0]!, median: median(sorted), highest: sorted.at(-1)! }
}

/** The median of a sorted list; 0 when it is empty. */
function median(sorted: readonly number[]): number {
  const middle = sorted.length / 2
  if (Number.isInteger(middle)) return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
  return sorted[Math.floor(middle)] ?? 0
}

/** The median of any list; 0 when it is empty. */
export function medianOf(values: readonly number[]): number {
  return median([...values].sort((a, b) => a - b))
}

/** A figure as a table shows it: three digits that count. */
export function show(value: number): string {
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en-GB')
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0)
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(2)
}

/** `median (lowest to highest)`. */
export function showRange({ lowest, median, highest }: Range): string {
  return lowest === highest ? show(median) : `${show(median)} (${show(lowest)} to ${show(highest)})`
}
