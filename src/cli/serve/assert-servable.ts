import { isLocalHost } from '../../access/origin.ts'
import { ConfigError, type ServeConfig } from '../../config/index.ts'

const cure = 'Declare channels in fairlead.config.js to run without development mode (fairlead help serve).'

/**
 * Refuses what must not be served: development mode anywhere but on a developer's own machine, and a server whose
 * channels nobody can use. Throws `ConfigError`.
 */
export function assertServable(config: ServeConfig, env: Readonly<Record<string, string | undefined>>): void {
  const { dev, host, channels } = config
  if (!dev && channels === undefined) {
    throw new ConfigError(
      'dev is false and no channels are declared, so nobody could read or send anything. Declare channels in the configuration.',
    )
  }
  if (!dev) return
  if (env.NODE_ENV === 'production') {
    throw new ConfigError(
      `Refused: development mode lets anyone on this machine read and send everything, and NODE_ENV is production. ${cure}`,
    )
  }
  if (!isLocalHost(host.includes(':') ? `[${host}]` : host)) {
    throw new ConfigError(
      `Refused: development mode lets anyone who reaches it read and send everything, so it listens on localhost only, not on ${host}. ${cure}`,
    )
  }
  for (const name of ['authenticate', 'tokens', 'tickets'] as const) {
    if (config[name] === undefined) continue
    throw new ConfigError(
      `Development mode lets everyone in, so ${name} would never be asked: declare channels, or leave ${name} out.`,
    )
  }
}
