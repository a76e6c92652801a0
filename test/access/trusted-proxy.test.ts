import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/access/addresses.ts'
import { type TrustProxy, trustedProxy } from '../../src/access/trusted-proxy.ts'

const networks = ['10.0.0.0/8', '192.168.1.7', 'fd00::/8', '::1']

function client(
  setting: TrustProxy,
  remoteAddress: string | undefined,
  forwarded?: string,
): string | undefined {
  return trustedProxy(setting).resolve({ remoteAddress, headers: { 'x-forwarded-for': forwarded } }).address
}

describe('addresses', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['1.2.3.4:5678', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:80', '1.2.3.4'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['::1', '::1'],
    ['', undefined],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['1.2.3', undefined],
    ['1.2.3.04', undefined],
    ['127.1', undefined],
    ['0x7f.0.0.1', undefined],
    ['2130706433', undefined],
    ['1.2.3.4/8', undefined],
    ['1.2.3.4:', undefined],
    ['1.2.3.4:123456', undefined],
    ['1.2.3.4 ', undefined],
    ['fe80::1%eth0', undefined],
    ['[::1', undefined],
    ['::1]', undefined],
    ['[1.2.3.4]', undefined],
    ['localhost', undefined],
    ['1.2.3.4, 5.6.7.8', undefined],
    ['１.2.3.4', undefined],
    ['1.2.3.4\0', undefined],
  ])('%j is %j', (text, address) => {
    expect(parseAddress(text)).toBe(address)
  })

  it('are read the same however often', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.ipV4(),
          fc.ipV6(),
          fc.ipV4().map((one) => `::ffff:${one}`),
        ),
        (text) => {
          const address = parseAddress(text)!
          expect(parseAddress(address)).toBe(address)
          expect(address).not.toMatch(/^::ffff:\d+\./)
        },
      ),
    )
  })
})

describe('with no proxy trusted', () => {
  it('headers change nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (forwarded, host, proto) => {
        const headers = { host: 'a.example', 'x-forwarded-for': forwarded, 'x-forwarded-host': host }
        const request = {
          remoteAddress: '::ffff:9.9.9.9',
          headers: { ...headers, 'x-forwarded-proto': proto },
        }
        expect(trustedProxy(false).resolve(request)).toEqual({
          address: '9.9.9.9',
          host: 'a.example',
          scheme: 'http',
        })
        expect(trustedProxy(networks).resolve(request)).toEqual(trustedProxy(false).resolve(request))
      }),
    )
    expect(trustedProxy(false).resolve({ remoteAddress: '::1', headers: {}, encrypted: true })).toEqual({
      address: '::1',
      host: undefined,
      scheme: 'https',
    })
  })
})

describe('with so many proxies', () => {
  it.each([
    [1, '1.1.1.1', '1.1.1.1'],
    [1, '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    [1, '6.6.6.6,5.5.5.5,1.1.1.1', '1.1.1.1'],
    [2, '6.6.6.6, 1.1.1.1, 10.0.0.2', '1.1.1.1'],
    [2, '1.1.1.1, 10.0.0.2', '1.1.1.1'],
    [2, '1.1.1.1', '1.1.1.1'],
    [3, '6.6.6.6, 1.1.1.1, 10.0.0.3, 10.0.0.2', '1.1.1.1'],
    [1, undefined, '10.0.0.1'],
    [1, '', '10.0.0.1'],
    [1, '1.1.1.1,', '10.0.0.1'],
    [1, ',', '10.0.0.1'],
    [1, 'unknown', '10.0.0.1'],
    [1, '1.1.1.1, unknown', '10.0.0.1'],
    [2, '1.1.1.1, unknown', '10.0.0.1'],
    [2, 'unknown, 10.0.0.2', '10.0.0.2'],
    [2, ',10.0.0.2', '10.0.0.2'],
    [1, '1.1.1.1:4711', '1.1.1.1'],
    [1, '::ffff:1.1.1.1', '1.1.1.1'],
    [1, ' \t1.1.1.1 ', '1.1.1.1'],
  ])('%i: %j is %s', (hops, forwarded, address) => {
    expect(client(hops, '10.0.0.1', forwarded)).toBe(address)
  })

  it('a client’s own entries change nothing, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), fc.ipV4(), fc.integer({ min: 1, max: 5 }), (forged, real, hops) => {
        const entries = [real, ...Array.from({ length: hops - 1 }, (_, i) => `10.0.0.${i + 2}`)]
        const forwarded = [forged, ...entries].join(', ')
        expect(client(hops, '10.0.0.1', forwarded)).toBe(real)
      }),
    )
  })

  it('a Unix socket’s peer is the first of them', () => {
    expect(client(1, undefined, '1.1.1.1')).toBe('1.1.1.1')
    expect(client(1, undefined, 'x')).toBeUndefined()
    expect(client(networks, undefined, '1.1.1.1')).toBeUndefined()
  })
})

describe('with networks of proxies', () => {
  it.each([
    ['10.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['::ffff:10.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['fd00::1', '1.1.1.1', '1.1.1.1'],
    ['::1', '2001:db8::1', '2001:db8::1'],
    ['192.168.1.7', '1.1.1.1', '1.1.1.1'],
    ['192.168.1.8', '1.1.1.1', '192.168.1.8'],
    ['11.0.0.1', '1.1.1.1', '11.0.0.1'],
    ['10.0.0.1', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['10.0.0.1', '10.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['10.0.0.1', '1.1.1.1, 10.0.0.2, ::ffff:10.0.0.3', '1.1.1.1'],
    ['10.0.0.1', '10.0.0.9, 10.0.0.2', '10.0.0.9'],
    ['10.0.0.1', '1.1.1.1, nonsense, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['fe80::1%eth0', '1.1.1.1', 'fe80::1'],
  ])('from %s with %j it is %s', (peer, forwarded, address) => {
    expect(client(networks, peer, forwarded)).toBe(address)
  })

  it('the client is the first from the right that is not one, whatever stands left of it', () => {
    const inside = fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.7.${a}.${b}`)
    const outside = fc.ipV4().filter((one) => !one.startsWith('10.') && one !== '192.168.1.7')
    fc.assert(
      fc.property(fc.string(), outside, fc.array(inside, { maxLength: 4 }), (forged, real, hops) => {
        expect(client(networks, '10.0.0.1', [forged, real, ...hops].join(','))).toBe(real)
      }),
    )
  })

  it('a header of thousands of entries costs no more than their number', () => {
    const forwarded = Array.from({ length: 4_000 }, () => '10.0.0.1').join(',')
    expect(client(networks, '10.0.0.1', forwarded)).toBe('10.0.0.1')
  })
})

it('reads a header that stood twice the same as a list and as one text', () => {
  const resolve = (forwarded: string | string[]) =>
    trustedProxy(2).resolve({ remoteAddress: '10.0.0.1', headers: { 'x-forwarded-for': forwarded } })
  expect(resolve(['9.9.9.9', '8.8.8.8'])).toEqual(resolve('9.9.9.9, 8.8.8.8'))
  expect(resolve(['9.9.9.9', '8.8.8.8']).address).toBe('9.9.9.9')
})

describe('host and scheme', () => {
  const resolve = (headers: Record<string, string>, remoteAddress = '10.0.0.1') => {
    const { host, scheme } = trustedProxy(networks).resolve({
      remoteAddress,
      headers: { host: 'inner:8080', ...headers },
    })
    return [host, scheme]
  }

  it.each([
    [{}, 'inner:8080', 'http'],
    [{ 'x-forwarded-host': 'app.example', 'x-forwarded-proto': 'https' }, 'app.example', 'https'],
    [{ 'x-forwarded-host': 'app.example:8443', 'x-forwarded-proto': 'WSS' }, 'app.example:8443', 'https'],
    [{ 'x-forwarded-host': 'evil.example, app.example' }, 'app.example', 'http'],
    [{ 'x-forwarded-proto': 'https, http' }, 'inner:8080', 'http'],
    [{ 'x-forwarded-host': '[::1]:80', 'x-forwarded-proto': 'ws' }, '[::1]:80', 'http'],
    [{ 'x-forwarded-host': 'a b', 'x-forwarded-proto': 'javascript' }, 'inner:8080', 'http'],
    [{ 'x-forwarded-host': 'user@app.example', 'x-forwarded-proto': '__proto__' }, 'inner:8080', 'http'],
    [{ 'x-forwarded-host': '', 'x-forwarded-proto': '' }, 'inner:8080', 'http'],
    [{ 'x-forwarded-host': 'app.example,' }, 'inner:8080', 'http'],
    [{ forwarded: 'for=1.1.1.1;host=evil.example;proto=https' }, 'inner:8080', 'http'],
  ])('of %j are %s and %s', (headers, host, scheme) => {
    expect(resolve(headers)).toEqual([host, scheme])
    expect(resolve(headers, '11.0.0.1')).toEqual(['inner:8080', 'http'])
  })
})

describe('a setting', () => {
  it.each(
    [
      true,
      'loopback',
      0,
      -1,
      1.5,
      17,
      Number.NaN,
      [],
      null,
      undefined,
      [''],
      ['10.0.0.0/33'],
      ['10.0.0.0/-1'],
      ['10.0.0.0/'],
      ['10.0.0/8'],
      ['0.0.0.0/0'],
      ['::/0'],
      ['fd00::/129'],
      ['::ffff:10.0.0.0/104'],
      ['10.0.0.1:80'],
      ['proxy.example'],
      ['10.0.0.0/8', 7],
    ].map((setting) => ({ setting })),
  )('$setting cannot be', ({ setting }) => {
    expect(() => trustedProxy(setting as TrustProxy)).toThrow(TypeError)
  })
})
