// @ts-check

const euro = new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' })
const wholeEuro = new Intl.NumberFormat('en-IE', {
  style: 'currency',
  currency: 'EUR',
  maximumFractionDigits: 0,
})
const whole = new Intl.NumberFormat('en-IE')
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** @param {number} cents */
export const money = (cents) => euro.format(cents / 100)

/** @param {number} cents */
export const roundMoney = (cents) => wholeEuro.format(cents / 100)

/** @param {number} number */
export const count = (number) => whole.format(number)

/** @param {number} time in milliseconds */
export const timeOfDay = (time) => clock.format(time)
