import type { Identity } from 'fairlead'

/** Who is asking, as the shop's rules see it. */
export interface Person extends Identity {
  /** A customer's session: the name of their chat, and of the channel of their own orders. */
  readonly customer?: string | undefined
  /** What else an operator's token says; `role` is what counts. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** Whether someone runs the shop: their token says `role: operator`. In development mode everyone does. */
export function isOperator(who: Identity | null): boolean {
  const { claims } = (who ?? {}) as Person
  return who?.admin === true || claims?.role === 'operator'
}

/** Whether someone is this customer. In development mode everyone is everybody. */
export function isCustomer(who: Identity | null, customer: string | undefined): boolean {
  return who?.admin === true || (customer !== undefined && customerOf(who) === customer)
}

/** The customer that someone is. */
export function customerOf(who: Identity | null): string | undefined {
  return (who as Person | null)?.customer
}
