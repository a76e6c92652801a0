import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'

/** Networks of their own for a row's processes: their buffers can be small and their lines can fail. */

let made = 0

/** One network namespace. */
export class Network {
  readonly name: string
  /** Runs a command inside. */
  readonly prefix: readonly string[]

  constructor() {
    this.name = `fairlead-${process.pid}-${++made}`
    this.prefix = ['ip', 'netns', 'exec', this.name]
    ip('netns', 'add', this.name)
    this.run('ip', 'link', 'set', 'lo', 'up')
  }

  /** Runs a command inside, and answers what it printed. */
  run(...command: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.name, ...command], { encoding: 'utf8' })
  }

  sysctl(name: string, value: string): void {
    this.run('sysctl', '-qw', `${name}=${value}`)
  }

  /** Loopback swallows megabytes for a reader that has stopped, unless its buffers are small. */
  shrinkBuffers(): void {
    this.sysctl('net.ipv4.tcp_wmem', '4096 16384 65536')
    this.sysctl('net.ipv4.tcp_rmem', '4096 16384 65536')
  }

  /** Drops every packet of TCP, both ways, until `heal`. Nobody is told. */
  blackHole(): void {
    this.run('nft', 'add table inet hole')
    for (const hook of ['input', 'output']) {
      this.run('nft', `add chain inet hole ${hook} { type filter hook ${hook} priority 0; policy drop; }`)
    }
  }

  heal(): void {
    this.run('nft', 'delete table inet hole')
  }

  remove(): void {
    ip('netns', 'del', this.name)
  }
}

/** A server's network and a client's, with a line between them. */
export interface Line {
  readonly server: Network
  readonly client: Network
  readonly serverAddress: string
  readonly clientAddress: string
  /** Adds or deletes an address of the client's end. */
  address(what: 'add' | 'del', address: string): void
  remove(): void
}

/** Lays a line. */
export function layLine(): Line {
  const server = new Network()
  const client = new Network()
  const serverAddress = '10.83.0.1'
  const clientAddress = '10.83.0.2'
  ip(
    'link',
    'add',
    'up0',
    'netns',
    client.name,
    'type',
    'veth',
    'peer',
    'name',
    'down0',
    'netns',
    server.name,
  )
  server.run('ip', 'addr', 'add', `${serverAddress}/24`, 'dev', 'down0')
  server.run('ip', 'link', 'set', 'down0', 'up')
  const address = (what: 'add' | 'del', which: string): void => {
    client.run('ip', 'addr', what, `${which}/24`, 'dev', 'up0')
  }
  address('add', clientAddress)
  client.run('ip', 'link', 'set', 'up0', 'up')
  return {
    server,
    client,
    serverAddress,
    clientAddress,
    address,
    remove() {
      client.remove()
      server.remove()
    },
  }
}

/** Why there can be no networks here; `undefined`: there can. */
export function missingNetwork(...more: string[]): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const absent = ['ip', 'sysctl', ...more].filter((name) => !isCommand(name))
  return absent.length > 0 ? `${absent.join(', ')} not found: npm run setup` : undefined
}

function isCommand(name: string): boolean {
  return [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(`${folder}/${name}`, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
