import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { runCli, startCli } from './cli-process.ts'
import { runInProcess } from './recorded-terminal.ts'

const transports = ['sse', 'websocket', 'long-poll']

/** A server in this process; its base URL. */
async function serve(port = 0) {
  const server = createServer({ dev: true })
  onTestFinished(() => server.close())
  const listening = await server.listen({ port })
  return { server, port: listening.port, base: `${listening.url}/live` }
}

describe.each(transports)('fairlead tail --transport %s', (transport) => {
  it('shows what is kept, then what comes, with the payload as it was sent', async () => {
    const { base } = await serve()
    const first = await runInProcess([
      'publish',
      base,
      'orders',
      'new_order',
      '{"n":12345678901234567890, "b":1.0}',
    ])
    const id = first.stdout.split(' ')[0]!
    const tail = startCli([
      'tail',
      base,
      'orders',
      '--after',
      'earliest',
      '--transport',
      transport,
      '--count',
      '3',
    ])
    await tail.until(({ stdout }) => stdout.includes(id))
    await runInProcess(['publish', base, 'orders', 'note', 'hello there', '--text', '--tag', 'a'])
    await runCli(['publish', base, 'orders', 'blob', '-', '--bytes'], { input: 'abc' })
    const { code, stdout, stderr } = await tail.done
    expect(code).toBe(0)
    const [one, two, three] = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('  '))
    expect(one).toEqual([id, expect.any(String), 'new_order', '{"n":12345678901234567890, "b":1.0}'])
    expect(two!.slice(2)).toEqual(['note', '[a]', '"hello there"'])
    expect(three!.slice(2)).toEqual(['blob', '<3 bytes> YWJj'])
    expect(stderr).toContain('Open')
  })

  it('prints the same envelopes as any other transport', async () => {
    const { server, base } = await serve()
    for (const n of [1, 2, 3]) await server.channel('orders').publish('n', { n }, { tag: 't' })
    const { stdout } = await runCli([
      ...['tail', base, 'orders', '--last', '2', '--json'],
      ...['--transport', transport, '--count', '2'],
    ])
    const envelopes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const shared = { op: 'event', channel: 'orders', event: 'n', tag: 't', time: expect.any(Number) }
    expect(envelopes).toEqual([
      { ...shared, id: expect.stringMatching(/\.2$/), data: { n: 2 } },
      { ...shared, id: expect.stringMatching(/\.3$/), data: { n: 3 } },
    ])
  })

  it('comes back to a server that was restarted, and says what that means', async () => {
    const first = await serve()
    const tail = startCli(['tail', first.base, 'orders', '--transport', transport, '--json', '--count', '2'])
    await tail.until(({ stderr }) => stderr.includes('Open'))
    await first.server.channel('orders').publish('n', 1)
    await tail.until(({ stdout }) => stdout.includes('"data":1'))
    await first.server.close()
    await tail.until(({ stderr }) => stderr.includes('Reconnecting in'))
    const second = await serve(first.port)
    await tail.until(({ stdout }) => stdout.includes('"op":"reset"'))
    await second.server.channel('orders').publish('n', 2)
    const { code, stdout } = await tail.done
    expect(code).toBe(0)
    const messages = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(messages.filter(({ op }) => op === 'event').map(({ data }) => data)).toEqual([1, 2])
    expect(messages.find(({ op }) => op === 'reset')).toMatchObject({ reason: 'epoch', channel: 'orders' })
  })

  it('ends by Ctrl-C with exit code 0', async () => {
    const { base } = await serve()
    const tail = startCli(['tail', base, 'orders', '--transport', transport])
    await tail.until(({ stderr }) => stderr.includes('Open'))
    tail.signal('SIGINT')
    expect((await tail.done).code).toBe(0)
  })

  it('stops for good at a refusal, with the code and detail of the server', async () => {
    const { base } = await serve()
    const { code, stderr } = await runCli([
      'tail',
      base,
      'orders',
      '--after',
      'nonsense',
      '--transport',
      transport,
    ])
    expect(code).toBe(1)
    expect(stderr).toContain('answered 400 invalid_position: A position is EPOCH.OFFSET')
  })
})

describe('fairlead publish', () => {
  it('prints the id and the durability; the same key sends nothing twice', async () => {
    const { server, base } = await serve()
    const args = ['publish', base, 'orders', 'new_order', '{"id":1}', '--key', 'once']
    const { code, stdout } = await runInProcess(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^[a-z0-9]+\.1 {2}memory\n$/)
    const again = await runInProcess([...args, '--json'])
    expect(JSON.parse(again.stdout)).toEqual({ id: stdout.split(' ')[0], durability: 'memory' })
    const { events } = await server.channel('orders').history({ after: 'earliest' })
    expect(events.map(({ event, data }) => [event, data])).toEqual([['new_order', { id: 1 }]])
  })

  it('takes the payload from a file', async () => {
    const { server, base } = await serve()
    const file = join(tmpdir(), `fairlead-publish-${process.pid}.json`)
    await writeFile(file, '{\n  "id": 7\n}\n')
    const { code } = await runInProcess(['publish', base, 'orders', 'new_order', `@${file}`])
    expect(code).toBe(0)
    const { events } = await server.channel('orders').history({ after: 'earliest' })
    expect(events.map(({ data }) => data)).toEqual([{ id: 7 }])
  })

  it('exits 1 with the code and detail of a refusal', async () => {
    const { server, base } = await serve()
    const position = await server.channel('orders').position()
    await server.channel('orders').publish('n', 1)
    const conflict = await runInProcess(['publish', base, 'orders', 'n', '2', '--after', position])
    expect(conflict.code).toBe(1)
    expect(conflict.stderr).toContain('answered 409 conflict: ')
    const name = await runInProcess(['publish', base, 'orders', '$n', '2'])
    expect(name.stderr).toContain('answered 400 invalid_event_name: ')
    const path = await runInProcess(['publish', base.replace('live', 'other'), 'orders', 'n', '2'])
    expect(path.stderr).toContain(
      'answered 404 not_found: There is nothing at this address. Is the base path right?',
    )
  })

  it('takes an origin alone for its /live, and says when nothing listens', async () => {
    const { server, base } = await serve()
    const origin = new URL(base).host
    expect((await runInProcess(['publish', origin, 'orders', 'n', '1'])).code).toBe(0)
    await server.close()
    const { code, stderr } = await runInProcess(['publish', origin, 'orders', 'n', '1'])
    expect(code).toBe(1)
    expect(stderr).toContain(`Nothing listens at http://${origin}. "fairlead serve" starts a server.`)
  })
})

describe('fairlead conformance', () => {
  it('prints a row for each case and closes with the count', async () => {
    const { base } = await serve()
    const { code, stdout } = await runCli(['conformance', '--run', base, '--only', 'sse/first'])
    expect(stdout).toMatch(/^passed {3}sse\/first/)
    expect(stdout).toMatch(/\n\d+ passed, 0 failed\n$/)
    expect(code).toBe(0)
  })

  it('exits 1 and shows what is wrong with a server that does not hold the contract', async () => {
    const { port } = await serve()
    const url = `http://127.0.0.1:${port}/elsewhere`
    const { code, stdout } = await runCli(['conformance', '--run', url, '--only', 'sse/first'])
    expect(stdout).toMatch(/^FAILED {3}sse\/first.*\(section 3\)\n {11}\S/)
    expect(stdout).toMatch(/\n0 passed, [1-9]\d* failed\n$/)
    expect(code).toBe(1)
  })

  it('names what it cannot do', async () => {
    const { server, base } = await serve()
    const none = await runCli(['conformance', '--run', base, '--only', 'nothing'])
    expect(none).toMatchObject({ code: 2, stdout: '' })
    await server.close()
    const gone = await runCli(['conformance', '--run', base])
    expect(gone).toMatchObject({ code: 1, stdout: '' })
    expect(gone.stderr).toContain('Nothing listens at')
  })
})
