import { closest, didYouMean } from './closest.ts'
import { ConfigError } from './config-error.ts'
import type { FairleadConfig } from './define-config.ts'
import type { ConfigFile } from './load-config.ts'
import { type ConfigOption, configOptions } from './options.ts'
import { assertKind } from './value-kinds.ts'

/** Where a value came from, nearest first. `name` is the flag, the variable, the file, or why it is the default. */
export interface ConfigSource {
  readonly from: 'flag' | 'environment' | 'file' | 'default'
  readonly name?: string
}

/** One option with its value. */
export interface ConfigEntry {
  readonly option: ConfigOption
  readonly value: unknown
  readonly source: ConfigSource
}

/** The options that always have a value. */
type Settled = Exclude<
  keyof FairleadConfig,
  'channels' | 'authenticate' | 'tokens' | 'tickets' | 'limits' | 'operations' | 'logFormat'
>

/** A configuration with its defaults. */
export type ServeConfig = FairleadConfig & Required<Pick<FairleadConfig, Settled>>

/** What `resolveConfig` answers. */
export interface ResolvedConfig {
  readonly config: ServeConfig
  /** The same, option by option, for showing. */
  readonly entries: readonly ConfigEntry[]
  /** What looks like a mistake but stops nothing, such as a variable that is almost one of ours. */
  readonly warnings: readonly string[]
}

/** The three places that values come from. */
export interface ConfigSources {
  /** By flag name, without dashes. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly file?: ConfigFile | undefined
}

/** Puts a configuration together: flags before environment before file before defaults. Throws `ConfigError`. */
export function resolveConfig(sources: ConfigSources): ResolvedConfig {
  if (sources.file) assertKnownKeys(sources.file)
  const declared = sources.file?.values.channels !== undefined
  const entries = configOptions.map((option): ConfigEntry => {
    const given = findValue(option, sources)
    if (given) return given
    if (option.key !== 'dev') return { option, value: option.default, source: { from: 'default' } }
    const name = declared ? 'channels are declared' : 'no channels are declared'
    return { option, value: !declared, source: { from: 'default', name } }
  })
  // Each value was checked by its option's kind, and those that are settled have a default.
  const config = Object.fromEntries(
    entries.map(({ option, value }) => [option.key, value]),
  ) as unknown as ServeConfig
  return { config, entries, warnings: unknownVariables(sources.env) }
}

function findValue(option: ConfigOption, { flags, env, file }: ConfigSources): ConfigEntry | undefined {
  const flag = option.flag && flags[option.flag.name]
  if (typeof flag === 'string')
    return fromText(option, flag, { from: 'flag', name: `--${option.flag?.name}` })
  const variable = option.env && env[option.env]
  if (variable) return fromText(option, variable, { from: 'environment', name: option.env })
  const value = file?.values[option.key]
  if (file === undefined || value === undefined) return undefined
  assertKind(option.kind, value, { name: option.key, file: file.path })
  return { option, value, source: { from: 'file', name: file.path } }
}

function fromText(option: ConfigOption, text: string, source: ConfigSource & { name: string }): ConfigEntry {
  const value = option.kind.fromText?.(text) ?? text
  return { option, value: assertKind(option.kind, value, { name: source.name }), source }
}

function assertKnownKeys({ path, values }: ConfigFile): void {
  const known = configOptions.map((option) => option.key)
  for (const key of Object.keys(values)) {
    if (!known.some((name) => name === key)) {
      throw new ConfigError(
        `${key} in ${path} is no option.${didYouMean(key, known)} There are: ${known.join(', ')}.`,
      )
    }
  }
}

function unknownVariables(env: ConfigSources['env']): string[] {
  const known = configOptions.flatMap((option) => option.env ?? [])
  return Object.keys(env).flatMap((name) => {
    const meant = name.startsWith('FAIRLEAD_') && !known.includes(name) ? closest(name, known) : undefined
    return meant === undefined ? [] : [`${name} is set and means nothing. Did you mean ${meant}?`]
  })
}
