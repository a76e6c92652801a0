import { findTool } from '../../scripts/external-tools.mjs'

/** Why rows about Redis cannot be run here. */
export function redisMissing(): string | undefined {
  return findTool('redis') ? undefined : 'redis-server is not installed'
}
