export interface Slot {
  readonly start: number
  readonly orders: number
  readonly cents: number
}
export type Series = readonly Slot[]
export const slotMs: number
export const keptMs: number
export function addOrder(series: Series, time: number, cents: number): Series
export function perMinute(
  series: Series,
  now: number,
  spanMs: number,
): { times: number[]; orders: number[]; cents: number[] }
