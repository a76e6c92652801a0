import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createServer } from '../../src/index.ts'
import { root } from '../support/source-files.ts'
import { runInProcess } from './recorded-terminal.ts'

const shop = join(root, 'examples/shop/flows.yaml')

function file(name: string, content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-advise-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  return join(folder, name)
}

describe('fairlead advise', () => {
  it('shows the shop: SSE for the feeds, POST for mute, the chat with its lead and what would change it', async () => {
    const { code, stdout, stderr } = await runInProcess(['advise', shop])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const feed of ['orders', 'stock', 'alerts', 'visitors'])
      expect(stdout).toMatch(new RegExp(`^${feed} .* SSE `, 'm'))
    expect(stdout).toMatch(/^mute button .* plain POST /m)
    expect(stdout).toMatch(/^chat\/\* .* (SSE \+ POST|WebSocket) +0\.\d\d /m)
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/chat\/\*: [^.]*.*from [\d.]+\/s up: WebSocket/)
    expect(stdout).toContain("connect(url, { transport: ['sse', 'websocket', 'long-poll'] })")
    expect(stdout).toContain('defineChannels({')
  })

  it('keeps within 100 columns', async () => {
    const { stdout } = await runInProcess(['advise', shop])
    expect(stdout.split('\n').filter((line) => line.length > 100 && !line.includes('flow: {'))).toEqual([])
  })

  it('prints all of it as JSON', async () => {
    const { stdout } = await runInProcess(['advise', shop, '--json'])
    const { flows, plan } = JSON.parse(stdout)
    expect(plan).toMatchObject({ transport: 'sse', sends: ['mute button'] })
    const chat = flows.find(({ name }: { name: string }) => name === 'chat/*').advice
    expect(chat).toMatchObject({
      crossover: { perSecond: expect.any(Number) },
      ladder: ['sse', 'websocket', 'long-poll'],
    })
    expect(chat.ranked[0].cost).toMatchObject({ connections: 1, memory: expect.any(Number) })
    expect(chat.reasons[0]).toMatchObject({ rule: expect.any(String), source: expect.any(String) })
  })

  it('answers a file of scenarios with answers, score and warnings', async () => {
    const scenario = { id: 'X1', dir: 's2c', s2c: [1, 100], c2s: [0, 0], latencyMs: 900, extras: { moon: 1 } }
    const path = file('some.json', [{ ...scenario, primary: 'sse', accept: [], reject: ['poll'], needs: [] }])
    const { code, stdout } = await runInProcess(['advise', '--scenarios', path, '--json'])
    expect(code).toBe(0)
    const report = JSON.parse(stdout)
    expect(report.answers).toEqual([
      {
        id: 'X1',
        primary: 'sse',
        also: expect.any(Array),
        avoid: ['poll'],
        needs: ['one-connection'],
        confidence: expect.stringMatching(/^(high|medium|low)$/),
        margin: expect.any(Number),
        rules: expect.arrayContaining(['R27']),
        ask: expect.any(Array),
      },
    ])
    expect(report).toMatchObject({
      score: { total: 1, primary: 1, accepted: 1, rejected: 0 },
      warnings: ['X1: extras.moon is not known'],
    })
  })

  it('refuses a label that is no transport', async () => {
    const path = file('some.json', [{ id: 'X1', dir: 's2c', primary: 'smoke', accept: [], reject: [] }])
    const { code, stdout, stderr } = await runInProcess(['advise', '--scenarios', path, '--json'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('X1: primary names "smoke". Labels are sse, sse+post,')
  })

  it.each([
    [['advise'], 'Say what flows: fairlead advise flows.yaml, or --from URL, or --scenarios FILE.'],
    [['advise', 'missing.yaml'], 'The file missing.yaml cannot be read: ENOENT.'],
    [['advise', 'a.yaml', '--from', 'localhost'], 'Give one of FILE, --from and --scenarios.'],
    [['advise', shop, '--without', 'R1,R99'], 'There is no rule R99.'],
    [
      ['advise', '--from', 'localhost', '--seconds', 'ten'],
      '--seconds is a whole number from 1, and is ten.',
    ],
  ])('%j is refused with exit code 2 and says what to write', async (args, message) => {
    const { code, stdout, stderr } = await runInProcess(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it.each([
    ['a.yaml', 'flows:\n  - channel: [', 'a.yaml: '],
    ['a.json', '{', 'is no JSON'],
    ['a.yaml', 'flows: 3', 'flows is a list of flows'],
  ])('a broken file %s %j is refused with its place', async (name, content, message) => {
    const { code, stderr } = await runInProcess(['advise', file(name, content)])
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('turns a rule off', async () => {
    const path = file('a.json', {
      flows: [{ channel: 'mail', direction: 'down', rate: 0.001, background: true }],
    })
    expect((await runInProcess(['advise', path])).stdout).toMatch(/^mail .* web push/m)
    expect((await runInProcess(['advise', path, '--without', 'R2'])).stdout).toMatch(/^mail .* SSE /m)
  })

  it('reads the flows that a running server has measured', async () => {
    const authenticate = (): { id: string; admin: boolean } => ({ id: 'ann', admin: true })
    const server = createServer({ channels: { ticks: { read: 'public', send: 'public' } }, authenticate })
    const { url } = await server.listen({ port: 0 })
    onTestFinished(() => server.close())
    // Events are counted where somebody reads them.
    const reader = new AbortController()
    onTestFinished(() => reader.abort())
    await fetch(new URL('/live/ticks', url), {
      headers: { accept: 'text/event-stream' },
      signal: reader.signal,
    })
    const ticking = setInterval(() => void server.channel('ticks').publish('tick', { now: 1 }), 20)
    onTestFinished(() => clearInterval(ticking))
    await vi.waitFor(() => expect(server.status()).toMatchObject({ flows: [{ channel: 'ticks' }] }))
    const { code, stdout, stderr } = await runInProcess(['advise', '--from', url, '--json'])
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const { flows } = JSON.parse(stdout)
    expect(flows).toMatchObject([{ channel: 'ticks', advice: { primary: 'sse' } }])
  })

  it('counts for a while where a server has measured none, and says what that leaves open', async () => {
    let events = 0
    const server = createHttpServer((_, response) => {
      events += 50
      const ticks = { up: { messages: 0, bytes: 0 }, down: { events, bytes: events * 9 }, deliveries: events }
      response.end(JSON.stringify({ flows: [], channels: { ticks }, connections: { sse: 1 } }))
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code, stdout, stderr } = await runInProcess(['advise', '--from', url, '--seconds', '1', '--json'])
    expect(stderr).toContain('measuring for 1 s')
    expect(stderr).toContain('Not measured by this server')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).flows).toMatchObject([{ channel: 'ticks', advice: { primary: 'sse' } }])
  })
})
