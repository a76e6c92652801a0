/** What the process ends with. Shown by `fairlead help`. */
export const exitCodes = {
  /** Done, or stopped by Ctrl-C. */
  ok: 0,
  /** It was tried and did not work: nothing answers, a refusal, a failed case. */
  failure: 1,
  /** Wrong arguments or configuration: nothing was tried. */
  usage: 2,
} as const
