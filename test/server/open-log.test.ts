import { describe, expect, it } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { hideUserinfo, parseLogUrl, showLogUrl } from '../../src/server/log-url.ts'
import { openLog } from '../../src/server/open-log.ts'
import { simulatedClock } from '../../src/testing/clock.ts'

describe('the URL of a log', () => {
  it.each([
    ['memory', { kind: 'memory' }],
    ['lmdb:./data', { kind: 'lmdb', path: './data' }],
    ['lmdb:/var/lib/shop', { kind: 'lmdb', path: '/var/lib/shop' }],
    ['lmdb:///var/lib/shop', { kind: 'lmdb', path: '/var/lib/shop' }],
    ['redis://host', { kind: 'redis', url: 'redis://host' }],
    [
      'rediss://:p%40ss@host:1/2?prefix=shop',
      { kind: 'redis', url: 'rediss://:p%40ss@host:1/2', prefix: 'shop' },
    ],
    ['redis+cluster://a:1,b:2', { kind: 'redis', url: 'redis+cluster://a:1,b:2' }],
    ['nats://a', { kind: 'nats', servers: ['nats://a'] }],
    [
      'nats://u:p@a:1,b:2/?stream=shop&replicas=3',
      { kind: 'nats', servers: ['nats://u:p@a:1', 'nats://b:2'], stream: 'shop', replicas: 3 },
    ],
    ['nats://a:1,nats://b:2', { kind: 'nats', servers: ['nats://a:1', 'nats://b:2'] }],
  ])('%s', (url, place) => {
    expect(parseLogUrl(url)).toEqual(place)
  })

  it.each([
    ['', 'A log is memory, lmdb:PATH'],
    ['sqlite:./x', 'sqlite: is none of them'],
    ['./data', 'A log is memory, lmdb:PATH'],
    ['lmdb:', 'Where is the log?'],
    ['lmdb://data', 'Where is the log?'],
    ['lmdb:./data?days=7', 'takes no parameters'],
    ['redis:', 'is followed by //HOST:PORT'],
    ['redis://', 'is followed by //HOST:PORT'],
    ['redis://host?db=1', 'it takes prefix, once'],
    ['redis://host?prefix=a&prefix=b', 'it takes prefix, once'],
    ['nats://host?stream=', 'it takes stream and replicas'],
    ['nats://host?replicas=two', 'replicas is a number from 1 to 5'],
  ])('refuses %s', (url, message) => {
    expect(() => parseLogUrl(url)).toThrow(TypeError)
    expect(() => parseLogUrl(url)).toThrow(message)
  })

  it('is shown without who signs in, however badly that is written', () => {
    for (const secret of [
      'u:hunter2',
      ':hunter2',
      'hunter2',
      'u:hun@ter2',
      'u:hunter2/hunter2',
      'u:hunter2?#',
    ])
      for (const url of [`redis://${secret}@host:1/2?prefix=a`, `nats://${secret}@a:1,${secret}@b:2`]) {
        expect(showLogUrl(url)).not.toContain('ter2')
        expect(hideUserinfo(url)).not.toContain('ter2')
        expect(showLogUrl(url)).toContain('[hidden]@')
      }
    expect(showLogUrl('lmdb:./data')).toBe('lmdb:./data')
  })

  it('is not repeated in the error about it', () => {
    for (const url of ['redsi://u:hunter2@host', 'redis://u:hunter2@host?password=hunter2', 'hunter2'])
      expect(() => createServer({ log: url })).toThrow(/^(?!.*hunter2)/s)
  })
})

describe('a log that is opened by its URL', () => {
  const options = { clock: simulatedClock(), presenceTimeoutMs: 60_000 }

  it('in memory brings its presence', async () => {
    const { log, presence } = await openLog('memory', options)
    expect(log.durability).toBe('memory')
    expect(await presence().members('a')).toEqual([])
  })

  it.each([
    ['lmdb:./data', 'A lmdb log needs the package lmdb: npm install lmdb'],
    ['redis://host', 'A redis log needs the package ioredis: npm install ioredis'],
    [
      'nats://host',
      'A nats log needs the package @nats-io/transport-node: npm install @nats-io/transport-node',
    ],
  ])('%s says which package is missing', async (url, message) => {
    const resolve = () => {
      throw new Error('not found')
    }
    await expect(openLog(url, { ...options, resolve })).rejects.toThrow(message)
  })

  it('finds the packages that are installed', async () => {
    for (const name of ['lmdb', 'ioredis', '@nats-io/transport-node'])
      expect(import.meta.resolve(name)).toContain(name)
  })
})
