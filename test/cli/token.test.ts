import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tokens } from '../../src/access/tokens.ts'
import { createServer } from '../../src/server/create-server.ts'
import { runCli, startCli } from './cli-process.ts'
import { runInProcess } from './recorded-terminal.ts'

/** Looked for in every output: it must stand in none. */
const canary = 'Canary-q7Zk3v9Q1xT7mB5nWc8RyL2dHs6JpGf4Ua'
const tokenCanary = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.${canary}`
const source = new URL('../../src/index.ts', import.meta.url).href

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fairlead-token-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function secretFile(text: string, mode = 0o600): Promise<string> {
  const path = join(await folder(), 'secret')
  await writeFile(path, `${text}\n`)
  await chmod(path, mode)
  return path
}

describe('fairlead token', () => {
  it('prints a token alone, which the server with that key believes', async () => {
    const key = (await runInProcess(['token', '--new-key'])).stdout.trim()
    const { code, stdout, stderr } = await runInProcess(
      [
        ...['token', '--sub', 'alice', '--subscribe', 'orders,chat/*', '--subscribe', 'user/{sub}'],
        ...['--send', 'chat/1', '--presence', 'chat/1', '--claim', 'role=operator', '--expires', '10m'],
        ...['--issuer', 'shop', '--audience', 'live'],
      ],
      { FAIRLEAD_TOKEN_KEY: key },
    )
    expect(code).toBe(0)
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)
    const verifier = tokens({ keys: [{ alg: 'HS256', secret: key }], issuer: 'shop', audience: 'live' })
    const claims = await verifier.verify(stdout.trim())
    expect(claims).toMatchObject({
      sub: 'alice',
      admin: false,
      subscribe: ['orders', 'chat/*', 'user/alice'],
      send: ['chat/1'],
      presence: ['chat/1'],
      claims: { role: 'operator' },
    })
    expect(claims.expiresAt - claims.issuedAt!).toBe(600_000)
    expect(stderr).toMatch(
      /^A token for alice, until \S+\. It grants read orders, chat\/\*, user\/\{sub\}; send/,
    )
    expect(stderr).not.toContain(key)
  })

  it('makes keys of 256 bits, each another one', async () => {
    const keys = await Promise.all([1, 2].map(() => runInProcess(['token', '--new-key'])))
    expect(new Set(keys.map(({ stdout }) => stdout)).size).toBe(2)
    for (const { stdout } of keys) expect(Buffer.from(stdout.trim(), 'base64url')).toHaveLength(32)
  })

  it('takes the key from a file, and warns when others can read it', async () => {
    const closed = await runInProcess(['token', '--admin', '--key-file', await secretFile(canary)])
    expect(closed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ey/) })
    expect(closed.stderr).not.toContain('chmod')
    const path = await secretFile(canary, 0o644)
    const open = await runInProcess(['token', '--key-file', path])
    expect(open.code).toBe(0)
    expect(open.stderr).toContain(`${path} can be read by others on this machine: chmod 600 ${path}`)
  })

  it.each([
    [['--key', canary], '--key is refused: everyone on this machine can read a command line'],
    [[`--secret=${canary}`], '--secret is refused: '],
    [[canary], 'fairlead token takes flags alone. A key there is refused: '],
    [[canary, canary], 'fairlead token takes flags alone.'],
  ])('refuses a key in its arguments without showing it', async (args, message) => {
    const result = await runInProcess(['token', ...args])
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toContain(canary)
  })

  it.each([
    ['', 'There is no key to sign with. Give --key-file FILE, or FAIRLEAD_TOKEN_KEY'],
    ['q7Zk3v9Q1xT7mB5nWc8RyL2', 'FAIRLEAD_TOKEN_KEY has 184 bits where 256 are needed.'],
    ['your-256-bit-secret-your-256-bit-secret', 'FAIRLEAD_TOKEN_KEY is an example that everyone knows.'],
    ['xyxyxyxyxyxyxyxyxyxyxyxyxyxyxyxyxyxyxyxy', 'FAIRLEAD_TOKEN_KEY is a pattern that can be guessed.'],
  ])('refuses the weak key %j', async (key, message) => {
    const result = await runInProcess(['token', '--sub', 'a'], { FAIRLEAD_TOKEN_KEY: key })
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(message)
    if (key !== '') expect(result.stderr).not.toContain(key)
  })

  it.each([
    [['--subscribe', 'a//b'], 'The claim subscribe is a list of channel patterns'],
    [['--send', '_x'], 'The claim send is a list of channel patterns'],
    [['--expires', '0s'], '--expires is a time such as 90s, 30m, 1h or 7d, of 30 days at most.'],
    [['--expires', '31d'], '--expires is a time such as'],
    [['--sub', 'x'.repeat(256)], 'The claim sub is a text of 1 to 255 bytes.'],
    [['--claim', 'role'], '--claim is NAME=VALUE'],
    [['--claim', 'admin=true'], '--claim admin=…: admin has a flag of its own'],
    [['--new-key', '--admin'], '--new-key makes a key and no token: leave out --admin.'],
    [['--key-file', 'missing.key'], 'The file missing.key cannot be read: ENOENT.'],
    [['--subscibe', 'a'], 'fairlead token has no --subscibe. Did you mean --subscribe?'],
  ])('%j is refused with exit code 2', async (args, message) => {
    const result = await runInProcess(['token', ...args], { FAIRLEAD_TOKEN_KEY: canary })
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain(message)
    expect(result.stderr).not.toContain(canary)
  })
})

describe.each([
  ['tail', (base: string, flags: string[]) => ['tail', base, 'orders', ...flags]],
  ['publish', (base: string, flags: string[]) => ['publish', base, 'orders', 'n', '1', ...flags]],
])('the token of fairlead %s', (_, command) => {
  it('is refused in its arguments, and not shown', async () => {
    for (const flags of [['--token', tokenCanary], [`--token=${tokenCanary}`]]) {
      const result = await runInProcess(command('localhost', flags))
      expect(result).toMatchObject({ code: 2, stdout: '' })
      expect(result.stderr).toContain('Put the token in FAIRLEAD_TOKEN, or in a file: --token-file FILE.')
      expect(result.stderr).not.toContain(canary)
    }
    expect((await runInProcess(command('localhost', [tokenCanary]))).stderr).not.toContain(canary)
  })

  it('is shown by no failure, even when the server repeats it', async () => {
    const seen: string[] = []
    const http = createHttpServer(({ url, headers }, response) => {
      seen.push(`${url} ${headers.authorization}`)
      const problem = { status: 401, code: 'invalid_token', detail: `Not ${headers.authorization}.` }
      response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem))
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void http.close())
    const base = `http://127.0.0.1:${(http.address() as AddressInfo).port}/live`
    const inFile = await runInProcess(command(base, ['--token-file', await secretFile(tokenCanary, 0o644)]))
    const inEnv = await runInProcess(command(base, []), { FAIRLEAD_TOKEN: tokenCanary })
    for (const { code, stdout, stderr } of [inFile, inEnv]) {
      expect(code).toBe(1)
      expect(stderr).toContain('answered 401 invalid_token: Not Bearer [the token]')
      expect(stdout + stderr).not.toContain(canary)
    }
    expect(inFile.stderr).toContain('can be read by others on this machine: chmod 600 ')
    for (const line of seen) expect(line).toMatch(new RegExp(`^[^ ]* Bearer ${tokenCanary}$`))
    expect(seen.some((line) => line.split(' ')[0]?.includes(canary))).toBe(false)
  })

  it.each(['two words', 'line\nbreak', 'é'])('is refused when it cannot be one: %j', async (text) => {
    const result = await runInProcess(command('localhost', []), { FAIRLEAD_TOKEN: text })
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toContain('FAIRLEAD_TOKEN holds no token')
    expect(result.stderr).not.toContain(text)
  })

  it('is warned of where it would go over the network in the clear', async () => {
    const { stderr } = await runInProcess(command('http://host.invalid/live', []), {
      FAIRLEAD_TOKEN: tokenCanary,
    })
    expect(stderr).toContain('carries the token to host.invalid in the clear')
    expect(stderr).not.toContain(canary)
  })
})

describe('from a key to an event', () => {
  it('new-key, a configuration, serve, token, tail and publish work together', async () => {
    const cwd = await folder()
    const key = await runCli(['token', '--new-key'])
    await writeFile(join(cwd, 'token.key'), key.stdout, { mode: 0o600 })
    await writeFile(
      join(cwd, 'fairlead.config.mjs'),
      `import { readFileSync } from 'node:fs'
       import { defineConfig, tokens } from '${source}'
       const secret = readFileSync('token.key', 'utf8').trim()
       export default defineConfig({
         channels: { orders: { read: 'nobody' } },
         tokens: tokens({ keys: [{ alg: 'HS256', secret }] }),
       })`,
    )
    const serve = startCli(['serve', 'fairlead.config.mjs', '--port', '0', '--json'], { cwd })
    const made = (...flags: string[]) =>
      runCli(['token', '--key-file', 'token.key', '--sub', 'alice', ...flags], { cwd })
    const [reads, sends] = await Promise.all([made('--subscribe', 'orders'), made('--send', 'orders')])
    const { url } = await serve.until(
      ({ stdout }) => stdout !== '' && (JSON.parse(stdout) as { url: string; dev: boolean }),
    )
    await writeFile(join(cwd, 'alice.token'), reads.stdout, { mode: 0o600 })

    const nobody = await runInProcess(['tail', url, 'orders'])
    expect(nobody).toMatchObject({ code: 1, stdout: '' })
    expect(nobody.stderr).toContain('answered 401')
    expect(nobody.stderr).toContain('Give a token in FAIRLEAD_TOKEN, or in a file with --token-file.')

    const tails = ['sse', 'websocket', 'long-poll'].map((transport) =>
      startCli(
        [
          ...['tail', url, 'orders', '--after', 'earliest', '--transport', transport],
          ...['--count', '1', '--token-file', 'alice.token'],
        ],
        { cwd },
      ),
    )
    const FAIRLEAD_TOKEN = sends.stdout.trim()
    const sent = await runInProcess(['publish', url, 'orders', 'new_order', '{"id":1}'], { FAIRLEAD_TOKEN })
    expect(sent.code).toBe(0)
    for (const tail of tails) {
      const { code, stdout, stderr } = await tail.done
      expect(code, stderr).toBe(0)
      expect(stdout).toContain('{"id":1}')
      expect(stderr).not.toContain('chmod')
      expect(stdout + stderr).not.toContain(reads.stdout.trim())
    }
    const mayNotSend = await runInProcess(['publish', url, 'orders', 'n', '1'], {
      FAIRLEAD_TOKEN: reads.stdout.trim(),
    })
    expect(mayNotSend.stderr).toContain('answered 403 forbidden')
    expect(serve.stdout + serve.stderr).not.toContain(key.stdout.trim())
  }, 60_000)

  it('reads nothing with a token of another key, and says so', async () => {
    const server = createServer({
      channels: { orders: {} },
      tokens: tokens({ keys: [{ alg: 'HS256', secret: canary }] }),
    })
    onTestFinished(() => server.close())
    const { url } = await server.listen({ port: 0 })
    const { code, stderr } = await runInProcess(['tail', url, 'orders'], { FAIRLEAD_TOKEN: tokenCanary })
    expect(code).toBe(1)
    expect(stderr).toContain('answered 401 invalid_token')
    expect(stderr).not.toContain(canary)
  })
})
