import { describe, expect, it } from 'vitest'
import { assertServable } from '../../src/cli/serve/assert-servable.ts'
import { resolveConfig } from '../../src/config/index.ts'

function serve(values: Record<string, unknown>, env: Record<string, string> = {}) {
  const { config } = resolveConfig({ flags: {}, env: {}, file: { path: 'f.json', values } })
  return () => assertServable(config, env)
}

describe('assertServable', () => {
  it.each(['localhost', '127.0.0.1', '::1', 'shop.localhost'])(
    'lets development mode listen on %s',
    (host) => {
      expect(serve({ host })).not.toThrow()
    },
  )

  it.each(['0.0.0.0', '::', '192.168.1.10', 'localhost.example', '127.0.0.1.example'])(
    'refuses development mode on %s',
    (host) => {
      expect(serve({ host })).toThrow(`so it listens on localhost only, not on ${host}.`)
    },
  )

  it('refuses development mode in production', () => {
    expect(serve({}, { NODE_ENV: 'production' })).toThrow('Refused: development mode')
    expect(serve({ dev: true, channels: {} }, { NODE_ENV: 'production' })).toThrow(
      'Refused: development mode',
    )
  })

  it('refuses an authenticate that would never be asked', () => {
    expect(serve({ dev: true, authenticate: () => null })).toThrow('authenticate would never be asked')
  })

  it('lets declared channels listen anywhere, in production', () => {
    expect(serve({ channels: {}, host: '0.0.0.0' }, { NODE_ENV: 'production' })).not.toThrow()
  })

  it('refuses a server that nobody could use', () => {
    expect(serve({ dev: false })).toThrow('dev is false and no channels are declared')
  })
})
