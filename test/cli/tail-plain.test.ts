import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runCli, startCli } from './cli-process.ts'

/** A server of another make, which answers every request with `answer`; the URL of its stream. */
async function serveStream(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
  type = 'text/event-stream',
): Promise<string> {
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': type })
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`
}

describe('fairlead tail URL', () => {
  it("explains the article's example, and shows what is right beside it", async () => {
    const url = await serveStream((response) => {
      response.write('event: new_order data: {"id": 123, "total": 45.99}\n\n')
      response.write('event: new_order\ndata: {"id": 123, "total": 45.99}\n\n')
    })
    const { code, stdout, stderr } = await runCli(['tail', url, '--count', '1'])
    expect(code).toBe(0)
    expect(stdout).toBe('-  new_order  {"id": 123, "total": 45.99}\n')
    expect(stderr).toContain('Nothing is dispatched for this block')
    expect(stderr).toContain('"data:" must start a line of its own')
    expect(stderr).toContain('    event: new_order\n    data: {"id": 123, "total": 45.99}')
  })

  it('explains a block that no blank line ends, when the stream or the reader stops', async () => {
    const url = await serveStream((response) => void response.write('data: 1\n'))
    const tail = startCli(['tail', url])
    await tail.until(({ stderr }) => stderr.includes('Open.'))
    tail.signal('SIGINT')
    const { code, stderr } = await tail.done
    expect(code).toBe(0)
    expect(stderr).toContain('only a blank line ends and dispatches it')
  })

  it('prints envelopes with --json: JSON stays as it came, other data is a text', async () => {
    const url = await serveStream((response) => {
      response.write('id: 1\ndata: {"big":12345678901234567890, "a":1.0}\n\n')
      response.write('data: two\ndata: lines\n\n')
    })
    const { stdout } = await runCli(['tail', url, '--count', '2', '--json'])
    expect(stdout).toBe(
      [
        '{"op":"event","id":"1","event":"message","data":{"big":12345678901234567890, "a":1.0}}',
        '{"op":"event","id":"1","event":"message","data":"two\\nlines"}',
        '',
      ].join('\n'),
    )
  })

  it('reconnects after the time that retry: names, with the last id', async () => {
    const ids: (string | undefined)[] = []
    const url = await serveStream((response, request) => {
      const from = Number(request.headers['last-event-id'] ?? 0)
      ids.push(request.headers['last-event-id']?.toString())
      response.end(`retry: 10\nid: ${from + 1}\ndata: ${from + 1}\n\n`)
    })
    const { stdout, stderr } = await runCli(['tail', url, '--count', '3'])
    expect(stdout).toBe('1  message  1\n2  message  2\n3  message  3\n')
    expect(ids).toEqual([undefined, '1', '2'])
    expect(stderr).toContain('The connection ended.')
    expect(stderr).toContain('Reconnecting in 0.0 s, after 2.')
  })

  it('shows control characters instead of obeying them', async () => {
    const url = await serveStream((response) => void response.write('event: a\x1b[2Jb\ndata: \u009b31m\n\n'))
    const { stdout } = await runCli(['tail', url, '--count', '1'])
    expect(stdout).toBe('-  a\\x1b[2Jb  "\\x9b31m"\n')
  })

  it('sends the token, and starts after the id that is given', async () => {
    const url = await serveStream((response, { headers }) => {
      response.write(`data: ${headers.authorization} ${headers['last-event-id']}\n\n`)
    })
    const { stdout } = await runCli(['tail', url, '--count', '1', '--after', '7'], {
      env: { FAIRLEAD_TOKEN: 'abc' },
    })
    expect(stdout).toBe('-  message  "Bearer abc 7"\n')
  })

  it('refuses what is no stream of events', async () => {
    const url = await serveStream((response) => response.end('{}'), 'application/json')
    const { code, stderr } = await runCli(['tail', url])
    expect(code).toBe(1)
    expect(stderr).toContain('answers with content-type application/json, so an EventSource gives up.')
  })

  it('says when nothing listens', async () => {
    const url = await serveStream(() => {})
    const { code, stderr } = await runCli(['tail', url.replace(/:\d+/, ':9')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/Nothing listens|The connection failed/)
  })

  it('stops after --timeout: a failure when --count was not reached', async () => {
    const url = await serveStream((response) => void response.write('data: 1\n\n'))
    const short = await runCli(['tail', url, '--count', '2', '--timeout', '1'])
    expect(short.code).toBe(1)
    expect(short.stderr).toContain('1 of 2 events came in 1 s.')
    expect(await runCli(['tail', url, '--timeout', '1'])).toMatchObject({
      code: 0,
      stdout: '-  message  1\n',
    })
  })
})
