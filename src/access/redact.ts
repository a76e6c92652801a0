/** What stands in place of a secret. */
const redacted = '[redacted]'

/** Parameters and fields whose values say who someone is. */
const secretName =
  'ticket|(?:access|refresh|id)?[-_]?token|jwt|auth|(?:proxy-)?authorization|(?:set-)?cookie|(?:x-)?api[-_]?key|secret|password'
const secretParameter = new RegExp(`^(?:${secretName})$`, 'i')
const secretHeader = /^(?:(?:proxy-)?authorization|(?:set-)?cookie|x-api-key)$/i

/** A quoted text, or a list; to the end where its end is missing. */
const quoted = String.raw`"(?:[^"\\]|\\[\s\S])*"?|'(?:[^'\\]|\\[\s\S])*'?|\[[^\]]*\]?`

/** Each finds one form that a secret takes in a text; the work of none grows faster than the text. */
const userinfo = /(\b[A-Za-z][A-Za-z0-9+.-]{0,31}:\/\/)[^\s/?#"'<>]{1,1024}@/g
const header = new RegExp(
  String.raw`\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(\s{0,8}:\s{0,8})(?:${quoted}|[^\r\n]+)`,
  'gi',
)
const field = new RegExp(String.raw`(["'])(${secretName})\1(\s{0,8}:\s{0,8})(?:${quoted})`, 'gi')
/** The same in JSON that is a text of JSON. */
const escapedField = new RegExp(String.raw`(\\")(${secretName})\\"(\s{0,8}:\s{0,8}\\")[^"\\]*`, 'gi')
const parameter = /([A-Za-z0-9_%-]{1,96})=([^\s&#"'<>]*)/g
const scheme = /\b(bearer|basic|digest)\s{1,8}[A-Za-z0-9+/=._~-]+/gi
const word = /[A-Za-z0-9_.-]{16,}/g

/**
 * A text for a log, without what would let its reader in: tickets and tokens in queries and JSON, `Authorization` and
 * cookies, passwords in URLs, and anything that looks like a token wherever it stands. Errs on the side of taking out.
 */
export function redact(text: string): string {
  return text
    .replace(userinfo, `$1${redacted}@`)
    .replace(header, `$1$2${redacted}`)
    .replace(field, `$1$2$1$3$1${redacted}$1`)
    .replace(escapedField, `$1$2$1$3${redacted}`)
    .replace(parameter, (whole, name: string) => (isSecret(name) ? `${name}=${redacted}` : whole))
    .replace(scheme, `$1 ${redacted}`)
    .replace(word, withoutTokens)
}

/** A request's headers for a log. */
export function redactHeaders(
  headers: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      value === undefined ? undefined : secretHeader.test(name) ? redacted : redact(value),
    ]),
  )
}

/** A query's names may be written with escapes, and mean the same: `%74icket`. */
function isSecret(name: string): boolean {
  const decoded = name.replace(/%([0-9A-Fa-f]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  )
  return secretParameter.test(decoded)
}

/** A token is known by how it begins: `{"` in base64url and a dot, or a ticket's version. */
function withoutTokens(word: string): string {
  const start = word.search(/eyJ|ft\d\./)
  return start !== -1 && word.length - start >= 16 && word.includes('.', start)
    ? `${word.slice(0, start)}${redacted}`
    : word
}
