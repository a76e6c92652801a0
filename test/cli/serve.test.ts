import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type CliOptions, type CliProcess, runCli, startCli } from './cli-process.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fairlead-serve-'))
})

afterEach(() => rm(folder, { recursive: true }))

/** Starts a server on a free port; its URL, without a slash at its end. */
async function startServer(args: string[] = [], options: CliOptions = {}) {
  const server = startCli(['serve', '--port', '0', ...args], { cwd: folder, ...options })
  const url = await server.until(({ stdout }) => /https?:\/\/[a-z0-9.:[\]]+:\d+/.exec(stdout)?.[0])
  return { server, url }
}

async function stopped(server: CliProcess, signal: NodeJS.Signals) {
  server.signal(signal)
  return server.done
}

describe('fairlead serve without configuration', () => {
  it('says development mode in its first line, and what to try', async () => {
    const { server, url } = await startServer()
    await server.until(({ stdout }) => stdout.includes('Ctrl-C'))
    expect(server.stdout.split('\n')[0]).toMatch(/^Development mode: .*Not for production\.$/)
    expect(server.stdout).toContain(`curl -N ${url}/live/demo\n`)
    expect(server.stdout).toContain(`'${url}/live/demo?event=greeting'\n`)
    expect(server.stdout).toContain(`new EventSource('${url}/live/demo')`)
    expect(server.stdout).toContain(`${url}/\n`)
  })

  it('answers the curl lines of its banner as they stand', async () => {
    const { server } = await startServer()
    await server.until(({ stdout }) => stdout.includes('Ctrl-C'))
    const [watch = '', send = ''] = server.stdout.split('\n').filter((line) => line.startsWith('  curl'))
    const reader = shell(watch)
    await reader.until('$heartbeat')
    await shell(send).until('"durability":"memory"')
    await reader.until('event: greeting\ndata: {"hello":"world"}\n')
  })

  it('listens on both addresses of localhost, and answers no other Host', async () => {
    const { url } = await startServer()
    const { port } = new URL(url)
    for (const host of ['localhost', '127.0.0.1', ...(url.includes('localhost') ? ['[::1]'] : [])]) {
      expect((await fetch(`http://${host}:${port}/live/demo?limit=1`)).status, host).toBe(200)
    }
    const asked = shell(`curl -s -H 'host: shop.example' http://127.0.0.1:${port}/live/demo?limit=1`)
    await asked.until('"code":"host_not_allowed"')
  })

  it('has a page at / that runs only its own script, and nothing at other paths', async () => {
    const { url } = await startServer(['--base', '/events'])
    const page = await fetch(url)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self' 'sha256-/,
    )
    expect(await page.text()).toContain("from '/events/_client.js'")
    expect((await fetch(`${url}/other`)).status).toBe(404)
    expect((await fetch(url, { method: 'POST' })).status).toBe(404)
    expect((await fetch(`${url}/live/demo?limit=1`)).status).toBe(404)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('on %s says goodbye to its readers and exits 0', async (signal) => {
    const { server, url } = await startServer()
    const reader = shell(`curl -sN ${url}/live/demo`)
    await reader.until('$heartbeat')
    const { code } = await stopped(server, signal)
    expect(code).toBe(0)
    await reader.until('event: $bye')
    expect(reader.output).toContain('"reason":"drain"')
  })

  it.each([
    ['NODE_ENV is production', [], { NODE_ENV: 'production' }],
    ['on localhost only, not on 0.0.0.0', ['--host', '0.0.0.0'], {}],
    ['on localhost only, not on ::', [], { FAIRLEAD_HOST: '::' }],
  ])('is refused: %s', async (message, args, env) => {
    const { code, stdout, stderr } = await runCli(['serve', '--port', '0', ...args], { cwd: folder, env })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Refused: development mode')
    expect(stderr).toContain(message)
    expect(stderr).toContain('Declare channels in fairlead.config.js')
  })

  it('says that its port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await runCli(['serve'], { cwd: folder, env: { FAIRLEAD_PORT: String(port) } })
    expect(code).toBe(1)
    expect(stderr).toContain(
      `Port ${port} on localhost is in use. Take another with --port N; 0 is any free one.`,
    )
  })

  it('prints its URL as JSON for scripts', async () => {
    const server = startCli(['serve', '--port', '0', '--json'], { cwd: folder })
    const line = await server.until(({ stdout }) => /^.*\n/.exec(stdout)?.[0])
    expect(JSON.parse(line)).toMatchObject({ url: expect.stringMatching(/^http:/), dev: true })
  })
})

describe('fairlead serve with a configuration', () => {
  const channels = { news: { read: 'public', send: 'public' }, 'chat/*': { read: 'signed-in' } }

  it('serves the channels that it declares, without development mode, in production too', async () => {
    await writeFile(join(folder, 'fairlead.config.json'), JSON.stringify({ channels, port: 1 }))
    const { server, url } = await startServer(['--host', '0.0.0.0'], { env: { NODE_ENV: 'production' } })
    await server.until(({ stdout }) => stdout.includes('Channels: news, chat/*'))
    expect(server.stdout).not.toContain('Development mode')
    const base = url.replace('0.0.0.0', '127.0.0.1')
    expect((await fetch(`${base}/live/news?limit=1`)).status).toBe(200)
    expect((await fetch(`${base}/live/chat/7?limit=1`)).status).toBe(401)
    expect((await fetch(`${base}/live/other?limit=1`)).status).toBe(401)
    expect((await fetch(base)).status).toBe(404)
  })

  it('runs a module with rules of its own, from the path that is given', async () => {
    const text = `
      export default {
        channels: { 'chat/*': { read: (who) => who?.id === 'ada' } },
        authenticate: (request) => ({ id: request.headers.authorization?.slice(7) }),
      }`
    await writeFile(join(folder, 'shop.mjs'), text)
    const { url } = await startServer(['shop.mjs'])
    const ask = (name: string) =>
      fetch(`${url}/live/chat/7?limit=1`, { headers: { authorization: `Bearer ${name}` } })
    expect((await ask('ada')).status).toBe(200)
    expect((await ask('bob')).status).toBe(403)
  })

  it('stays in development mode where the file says so', async () => {
    await writeFile(join(folder, 'fairlead.config.json'), JSON.stringify({ channels, dev: true }))
    const { server } = await startServer()
    expect(server.stdout).toMatch(/^Development mode/)
  })
})

describe('fairlead serve for operators', () => {
  it('answers on a port of its own, says what it refuses without the secret in it, and leaves in order', async () => {
    const key = 'p3-8Vw0Lk2Jq6Zt9Xc4Nb7Md1Rf5Gh0Ys2Ua8Ee6Ii'
    await writeFile(
      join(folder, 'fairlead.config.js'),
      `export default {
         port: 0,
         operations: { port: 0 },
         logFormat: 'json',
         channels: { orders: { read: 'signed-in' } },
       }`,
    )
    const server = startCli(['serve', '--json'], { cwd: folder })
    const { url } = JSON.parse(await server.until(({ stdout }) => stdout.split('\n')[0] || undefined))
    const lines = () =>
      server.stderr
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
    const refused = await fetch(`${url}/live/orders?limit=1&ticket=${key}`, {
      headers: { authorization: `Bearer ${key}` },
    })
    expect(refused.status).toBe(401)
    const { url: operations } = await server.until(() => lines().find(({ event }) => event === 'operations'))
    expect((await fetch(`${operations}/readyz`)).status).toBe(200)
    expect(await (await fetch(`${operations}/metrics`)).text()).toContain('fairlead_refusals_total')
    server.signal('SIGTERM')
    expect((await server.done).code).toBe(0)
    expect(server.stderr).toContain('auth_required')
    expect(server.stderr).not.toContain(key)
  })
})

describe('fairlead serve --print-config', () => {
  it('shows each value and where it came from, and serves nothing', async () => {
    await writeFile(
      join(folder, 'fairlead.config.json'),
      '{"host":"127.0.0.1","base":"/a","port":1,"heartbeatMs":500}',
    )
    const { code, stdout } = await runCli(['serve', '--print-config', '--port', '3'], {
      cwd: folder,
      env: { FAIRLEAD_PORT: '2', FAIRLEAD_BASE: '/b', NODE_ENV: 'production' },
    })
    expect(code).toBe(0)
    const rows = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/ {2,}/))
        .map(([key, ...rest]) => [key, rest]),
    )
    expect(rows).toMatchObject({
      port: ['3', 'flag --port'],
      base: ['/b', 'environment FAIRLEAD_BASE'],
      host: ['127.0.0.1', 'file fairlead.config.json'],
      heartbeatMs: ['500', 'file fairlead.config.json'],
      log: ['memory', 'default'],
      dev: ['true', 'default: no channels are declared'],
    })
  })

  it('says the same as JSON', async () => {
    const { stdout } = await runCli(['serve', '--print-config', '--json'], {
      cwd: folder,
      env: { FAIRLEAD_PORT: '2' },
    })
    const config = JSON.parse(stdout)
    expect(config.port).toEqual({ value: 2, source: { from: 'environment', name: 'FAIRLEAD_PORT' } })
    expect(config.authenticate).toEqual({ value: null, source: { from: 'default' } })
  })
})

/** Runs a line as a person would paste it. Killed, with what it started, when the test is over. */
function shell(line: string) {
  const child: ChildProcess = spawn('sh', ['-c', `exec ${line.trim()}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const state = { output: '' }
  let changed = (): void => {}
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    state.output += text
    changed()
  })
  return {
    get output() {
      return state.output
    },
    until: (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`${line} did not say ${text}: ${state.output}`)),
          10_000,
        )
        changed = () => {
          if (!state.output.includes(text)) return
          clearTimeout(late)
          resolve()
        }
        changed()
      }),
  }
}
