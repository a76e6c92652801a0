import { BlockList, isIP, SocketAddress } from 'node:net'

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/
const withPort = /^(?:(\d+\.\d+\.\d+\.\d+)|\[([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)\]):\d{1,5}$/
const bracketed = /^\[([0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)\]$/

/**
 * An address as it is written everywhere in this server: IPv6 in its short form, and IPv4 as such also where a socket
 * for both shows it mapped into IPv6. A port behind it is left out. `undefined` for anything else.
 */
export function parseAddress(text: string): string | undefined {
  const plain = text.startsWith(':') ? (mapped.exec(text)?.[1] ?? text) : text
  if (isIP(plain) === 4) return plain // As nearly every socket shows it.
  const [, v4, v6] = withPort.exec(text) ?? []
  return canonical(v4 ?? v6 ?? bracketed.exec(text)?.[1] ?? text)
}

function canonical(text: string): string | undefined {
  const family = isIP(text)
  // A zone is of this machine alone: no other can name it.
  if (family === 0 || text.includes('%')) return undefined
  if (family === 4) return text
  const { address } = new SocketAddress({ address: text, family: 'ipv6' })
  return mapped.exec(address)?.[1] ?? address
}

/** Networks, by addresses and CIDR blocks. */
export class Networks {
  readonly #list = new BlockList()

  /** Throws `TypeError` on what is no network, and on one that holds every address. */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network)
  }

  #add(network: string): void {
    const [, base, bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(network) ?? []
    const address = base === undefined ? undefined : parseAddress(base)
    // As written: a block of mapped addresses counts its bits otherwise.
    const version = base === undefined || address !== base.toLowerCase() ? 0 : isIP(address)
    const longest = version === 4 ? 32 : 128
    const length = bits === undefined ? longest : Number(bits)
    if (address === undefined || version === 0 || length > longest || length === 0) {
      throw new TypeError(
        `${JSON.stringify(network)} is no network of proxies: write 10.0.0.0/8 or fd00::/8 in their short form.`,
      )
    }
    this.#list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6')
  }

  /** Whether an address, as `parseAddress` writes it, lies in one of them. */
  has(address: string): boolean {
    return this.#list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
  }
}
