/** A configuration that cannot be used. The message names the key and what is expected of it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Where a value stands, for messages: `port` and ` in fairlead.config.json`; a flag or a variable is a name alone. */
export interface ValuePlace {
  readonly name: string
  readonly file?: string
}

/** Names the place, or one inside it. */
export function showPlace({ name, file }: ValuePlace, path = ''): string {
  return file === undefined ? name + path : `${name}${path} in ${file}`
}
