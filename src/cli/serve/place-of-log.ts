import type { ServeConfig } from '../../config/index.ts'

/**
 * Where the log of several workers is: with the primary, which owns what belongs to one process; on the network, where
 * each worker opens it; or made by the configuration's file, which each worker runs.
 */
export function placeOfLog(log: ServeConfig['log']): 'primary' | 'network' | 'file' {
  if (typeof log !== 'string') return 'file'
  return log === 'memory' || /^lmdb:/i.test(log) ? 'primary' : 'network'
}
