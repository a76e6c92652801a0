/** The one of `names` that `word` was probably meant to be: at most two letters away, and fewer than its length. */
export function closest(word: string, names: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(2, word.length - 1)
  for (const name of names) {
    const distance = editDistance(word.toLowerCase(), name.toLowerCase())
    if (distance <= bestDistance && (best === undefined || distance < bestDistance)) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** The end of a message about an unknown name: a suggestion, or nothing. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const name = closest(word, names)
  return name === undefined ? '' : ` Did you mean ${name}?`
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
