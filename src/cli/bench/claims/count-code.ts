/** What a program costs whoever keeps it. */
export interface CodeCount {
  /** Lines that are neither empty nor comment alone. */
  readonly lines: number
  /** Places where it goes one way or another: `if`, loops, `case`, `catch`, `?`, `&&`, `||`, `??`. */
  readonly branches: number
}

const noise = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g
const branch = /\b(?:if|for|while|case|catch)\b|&&|\|\||\?\?|\?(?![.?])/g

/** Counts JavaScript. Text within quotes is no branch; neither is what stands in a template. */
export function countCode(source: string): CodeCount {
  const code = source.replace(noise, (found) => (/^\/[/*]/.test(found) ? '' : '""'))
  const lines = code.split('\n').filter((line) => line.trim() !== '').length
  return { lines, branches: code.match(branch)?.length ?? 0 }
}
