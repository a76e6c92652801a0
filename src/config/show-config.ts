import { hideUserinfo } from '../server/log-url.ts'
import type { ConfigEntry, ConfigSource } from './resolve-config.ts'

/** A value as it may be printed: secrets and who signs in by a URL hidden, functions and logs by their kind. */
export function showValue({ option, value }: ConfigEntry): unknown {
  if (value === undefined) return undefined
  if (option.secret) return '[hidden]'
  if (option.key === 'channels') return Object.keys(value as object)
  if (option.key === 'limits' || option.key === 'operations') return value
  if (typeof value === 'function') return '[function]'
  if (typeof value === 'string') return hideUserinfo(value)
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? hideUserinfo(item) : item))
  return typeof value === 'object' && value !== null ? '[a log made in the file]' : value
}

/** Where a value came from, in words: `environment FAIRLEAD_PORT`, `default`. */
export function showSource({ from, name }: ConfigSource): string {
  if (name === undefined) return from
  return from === 'default' ? `${from}: ${name}` : `${from} ${name}`
}
