import { type Durability, FairleadError } from '../../protocol/index.ts'

/** The fields of a Redis server's INFO. */
export type ServerInfo = ReadonlyMap<string, string>

export function parseInfo(text: string): ServerInfo {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).trim())
  }
  return fields
}

/** Throws unless the server can hold a log: waiting does not help, a person has to set something. */
export function assertFit(info: ServerInfo, evicting: boolean): void {
  const version = info.get('redis_version') ?? '0'
  const [major, minor] = version.split('.').map(Number)
  if (major! < 6 || (major === 6 && minor! < 2)) {
    throw new FairleadError('internal', `Redis ${version} is too old for a log: use 6.2 or newer.`)
  }
  const policy = info.get('maxmemory_policy')
  if (evicting || Number(info.get('maxmemory')) === 0 || policy === 'noeviction') return
  const what =
    policy === undefined ? 'does not tell its maxmemory-policy (INFO is cut short)' : `has ${policy}`
  throw new FairleadError(
    'internal',
    `This Redis ${what}, by which it may throw events away when its memory is full: set maxmemory-policy to noeviction, or open the log with evicting: true.`,
  )
}

/** How durable what the server answers is, by its INFO and, where that may be read, its `appendfsync`. */
export function durabilityOf(
  info: ServerInfo,
  appendfsync: string | undefined,
  told: Durability | undefined,
): Durability {
  if (info.get('aof_enabled') !== '1') return info.has('aof_enabled') ? 'memory' : (told ?? 'memory')
  if (appendfsync === undefined) return told ?? 'os'
  return appendfsync === 'always' ? 'disk' : 'os'
}
