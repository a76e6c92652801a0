// @ts-check
/**
 * What happened per five seconds, over the last quarter of an hour: what the charts are drawn from. The shop folds
 * with it and so does the page, which goes on from the shop's own series.
 *
 * @typedef {{ start: number, orders: number, cents: number }} Slot
 * @typedef {readonly Slot[]} Series
 */

/** How long a slot is, in milliseconds. */
export const slotMs = 5_000
/** How far back slots are kept, in milliseconds. */
export const keptMs = 15 * 60_000

/**
 * The series with one more order in it.
 *
 * @param {Series} series
 * @param {number} time the order's time, in milliseconds
 * @param {number} cents
 * @returns {Series}
 */
export function addOrder(series, time, cents) {
  const start = time - (time % slotMs)
  const last = series.at(-1)
  if (last && last.start >= start) {
    return [...series.slice(0, -1), { ...last, orders: last.orders + 1, cents: last.cents + cents }]
  }
  return [...series.filter((slot) => slot.start >= start - keptMs), { start, orders: 1, cents }]
}

/**
 * Orders and cents per minute, at each slot of the last `spanMs`: the sum of the minute before it.
 *
 * @param {Series} series
 * @param {number} now in milliseconds
 * @param {number} spanMs
 * @returns {{ times: number[], orders: number[], cents: number[] }} times in seconds
 */
export function perMinute(series, now, spanMs) {
  const end = now - (now % slotMs)
  const count = Math.round(spanMs / slotMs)
  const times = Array.from({ length: count }, (_, i) => end - (count - 1 - i) * slotMs)
  const minutes = times.map((time) =>
    series.filter((slot) => slot.start > time - 60_000 && slot.start <= time),
  )
  return {
    times: times.map((time) => time / 1000),
    orders: minutes.map((slots) => slots.reduce((sum, slot) => sum + slot.orders, 0)),
    cents: minutes.map((slots) => slots.reduce((sum, slot) => sum + slot.cents, 0)),
  }
}
