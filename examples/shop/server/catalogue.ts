/** What the shop sells. Money is whole cents, so that sums are exact. */
export interface Product {
  readonly sku: string
  readonly name: string
  /** One line for the shelf's label. */
  readonly about: string
  readonly cents: number
  /** Pieces delivered on the opening day. */
  readonly opening: number
  /** At this many pieces or fewer the operators are alerted; 0: only when it is sold out. */
  readonly low: number
  /** One of a kind: the supplier has no other. */
  readonly single?: boolean
}

const shelf: readonly Product[] = [
  product('line-8', 'Braided line, 8 mm', 'Polyester, a coil of ten metres', 1850, 60, 12),
  product('snatch-block', 'Snatch block', 'Opens at the side, for 8 to 12 mm', 4200, 30, 8),
  product('horn-cleat', 'Horn cleat', 'Bronze, 150 mm, two bolts', 1690, 40, 10),
  product('bow-shackle', 'Bow shackle', 'Stainless, 10 mm, captive pin', 720, 120, 25),
  product('anchor-lantern', 'Anchor lantern', 'Oil, all round, copper', 6400, 24, 6),
  product('compass', 'Bulkhead compass', 'Liquid filled, lit from below', 18900, 12, 3),
  product('fender', 'Fender, 20 cm', 'With two metres of line', 2450, 36, 8),
  product('ring-buoy', 'Ring buoy', 'With 30 m of floating line', 5800, 24, 6),
  product('oilskin', 'Oilskin jacket', 'Lined, with a storm collar', 12900, 20, 5),
  product('harbour-chart', 'Harbour chart', 'Waterproof, folded, corrected', 1995, 48, 10),
  product('ship-bell', 'Ship’s bell', 'Brass, 15 cm, with a lanyard', 4599, 18, 4),
  { ...product('sextant', 'Sextant, restored', 'One of a kind, in its own box', 42000, 1, 0), single: true },
]

/** The products by article number, in the order of the shelf. */
export const catalogue: ReadonlyMap<string, Product> = new Map(shelf.map((each) => [each.sku, each]))

function product(
  sku: string,
  name: string,
  about: string,
  cents: number,
  opening: number,
  low: number,
): Product {
  return { sku, name, about, cents, opening, low }
}
