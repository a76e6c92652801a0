import { describe, expect, it } from 'vitest'
import { ConfigError, configOptions, resolveConfig, showSource, showValue } from '../../src/config/index.ts'

const none = { flags: {}, env: {} }

function fileWith(values: Record<string, unknown>) {
  return { ...none, file: { path: 'fairlead.config.json', values } }
}

describe('resolveConfig', () => {
  it('takes flags before environment before file before defaults', () => {
    const file = { path: 'fairlead.config.js', values: { port: 3, host: 'c', base: '/file' } }
    const { config, entries } = resolveConfig({
      flags: { port: '1' },
      env: { FAIRLEAD_PORT: '2', FAIRLEAD_HOST: 'b' },
      file,
    })
    expect(config).toMatchObject({ port: 1, host: 'b', base: '/file', log: 'memory' })
    const sources = Object.fromEntries(entries.map((entry) => [entry.option.key, showSource(entry.source)]))
    expect(sources).toMatchObject({
      port: 'flag --port',
      host: 'environment FAIRLEAD_HOST',
      base: 'file fairlead.config.js',
      log: 'default',
      dev: 'default: no channels are declared',
    })
  })

  it('gives every option its documented default', () => {
    const { config } = resolveConfig(none)
    for (const option of configOptions) {
      if (option.key !== 'dev') expect(config[option.key], option.key).toEqual(option.default)
    }
  })

  it('is in development mode exactly when no channels are declared, unless the file says', () => {
    expect(resolveConfig(none).config.dev).toBe(true)
    expect(resolveConfig(fileWith({ port: 1 })).config.dev).toBe(true)
    expect(resolveConfig(fileWith({ channels: {} })).config.dev).toBe(false)
    expect(resolveConfig(fileWith({ channels: {}, dev: true })).config.dev).toBe(true)
  })

  it('reads lists and numbers from the environment; an empty variable counts as none', () => {
    const env = {
      FAIRLEAD_ORIGINS: 'https://a.example, https://b.example',
      FAIRLEAD_HEARTBEAT_MS: '500',
      FAIRLEAD_PORT: '',
    }
    expect(resolveConfig({ flags: {}, env }).config).toMatchObject({
      origins: ['https://a.example', 'https://b.example'],
      heartbeatMs: 500,
      port: 8080,
    })
  })

  it('knows who is believed, where operators look, and what the lines look like', () => {
    const values = { trustProxy: ['10.0.0.0/8'], operations: { port: 9090 }, logFormat: 'json' }
    expect(resolveConfig(fileWith(values)).config).toMatchObject(values)
    const read = (text: string) =>
      resolveConfig({ flags: {}, env: { FAIRLEAD_TRUST_PROXY: text } }).config.trustProxy
    expect(['2', '10.0.0.0/8, fd00::/8', 'false'].map(read)).toEqual([2, ['10.0.0.0/8', 'fd00::/8'], false])
    expect(resolveConfig({ flags: { 'log-format': 'text' }, env: {} }).config.logFormat).toBe('text')
  })

  it.each([
    [
      fileWith({ trustProxy: ['everybody'] }),
      'trustProxy in fairlead.config.json must be false, a number of proxies from 1',
    ],
    [
      fileWith({ operations: { port: 'x' } }),
      'operations.port in fairlead.config.json must be a whole number',
    ],
    [
      fileWith({ operations: { port: 1, hots: 'a' } }),
      'operations.hots in fairlead.config.json is no field of operations',
    ],
    [fileWith({ operations: {} }), 'operations.port in fairlead.config.json is missing'],
    [{ flags: { 'log-format': 'xml' }, env: {} }, '--log-format must be text or json'],
    [{ flags: { port: 'ten' } }, '--port must be a whole number from 0 to 65535, and is "ten".'],
    [{ flags: { port: '65536' } }, '--port must be a whole number from 0 to 65535, and is 65536.'],
    [{ env: { FAIRLEAD_PORT: '-1' } }, 'FAIRLEAD_PORT must be a whole number from 0 to 65535, and is "-1".'],
    [{ env: { FAIRLEAD_ORIGINS: 'https://a.example/path' } }, 'FAIRLEAD_ORIGINS must be a list of origins'],
    [{ flags: { base: 'live' } }, '--base must be a path such as /live'],
    [{ flags: { base: '/live/' } }, '--base must be a path such as /live'],
    [{ flags: { log: 'redsi' } }, '--log must be memory'],
    [{ flags: { log: 'redis://host?db=1' } }, "--log: The log's URL has a parameter that cannot be"],
    [{ flags: { workers: '0' } }, '--workers must be a whole number from 1 to 256, or auto, and is 0.'],
    [{ flags: { workers: 'all' } }, '--workers must be a whole number from 1 to 256, or auto, and is "all".'],
    [fileWith({ port: '8080' }), 'port in fairlead.config.json must be a whole number from 0 to 65535'],
    [fileWith({ dev: 'yes' }), 'dev in fairlead.config.json must be true or false, and is "yes".'],
    [
      fileWith({ authenticate: 'x' }),
      'authenticate in fairlead.config.json must be a function, in a .js file',
    ],
    [
      fileWith({ prot: 1 }),
      'prot in fairlead.config.json is no option. Did you mean port? There are: port, host',
    ],
    [
      fileWith({ channels: [] }),
      'channels in fairlead.config.json must be an object of channel declarations by name or pattern',
    ],
    [
      fileWith({ channels: { 'a//b': {} } }),
      'channels["a//b"] in fairlead.config.json: a channel is segments of',
    ],
    [
      fileWith({ channels: { orders: { reed: 'public' } } }),
      'channels["orders"].reed in fairlead.config.json is no field of a channel. Did you mean read?',
    ],
    [
      fileWith({ channels: { orders: { read: 'everyone' } } }),
      'channels["orders"].read in fairlead.config.json must be public, signed-in, nobody',
    ],
    [
      fileWith({ channels: { orders: { retention: { count: 0 } } } }),
      'channels["orders"].retention in fairlead.config.json must be none, or an object of count and ageMs',
    ],
    [
      fileWith({ channels: { orders: 'public' } }),
      'channels["orders"] in fairlead.config.json must be an object',
    ],
  ])('names the key and what is expected: %j', (sources, message) => {
    expect(() => resolveConfig({ ...none, ...sources })).toThrow(ConfigError)
    expect(() => resolveConfig({ ...none, ...sources })).toThrow(message)
  })

  it('accepts every field that a channel may have', () => {
    const orders = {
      read: () => true,
      send: 'signed-in',
      retention: { count: 10, ageMs: 1000 },
      slow: 'latest',
      presence: true,
      events: {},
      onSend() {},
      onSubscribe() {},
      onLeave() {},
    }
    const channels = { orders, 'chat/*': { retention: 'none' } }
    expect(resolveConfig(fileWith({ channels })).config.channels).toBe(channels)
  })

  it('warns about a variable that is almost one of ours, and about no other', () => {
    const env = { FAIRLEAD_PROT: '1', FAIRLEAD_TOKEN: 'x', PORT: '2' }
    expect(resolveConfig({ flags: {}, env }).warnings).toEqual([
      'FAIRLEAD_PROT is set and means nothing. Did you mean FAIRLEAD_PORT?',
    ])
  })
})

describe('showValue', () => {
  const source = { from: 'default' } as const
  const option = configOptions.find(({ key }) => key === 'log')!

  it('hides secrets and the passwords of URLs', () => {
    expect(showValue({ option: { ...option, secret: true }, value: 'hunter2', source })).toBe('[hidden]')
    expect(showValue({ option, value: 'redis://user:p:w@host:1/2', source })).toBe(
      'redis://[hidden]@host:1/2',
    )
    expect(showValue({ option, value: 'https://host/a:b@c', source })).toBe('https://host/a:b@c')
  })

  it('never repeats a wrong value that could be a secret', () => {
    const env = { FAIRLEAD_LOG: 'rdis://user:hunter2@host' }
    expect(() => resolveConfig({ flags: {}, env })).toThrow(
      /^FAIRLEAD_LOG must be memory.*and is another text\.$/,
    )
  })

  it('names channels, functions and logs by what they are', () => {
    const { entries } = resolveConfig(
      fileWith({
        channels: { orders: {}, 'chat/*': {} },
        authenticate: () => null,
        log: { append() {}, follow() {} },
      }),
    )
    const shown = Object.fromEntries(entries.map((entry) => [entry.option.key, showValue(entry)]))
    expect(shown).toMatchObject({
      channels: ['orders', 'chat/*'],
      authenticate: '[function]',
      log: '[a log made in the file]',
    })
  })
})
