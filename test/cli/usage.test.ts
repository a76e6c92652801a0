import { describe, expect, it } from 'vitest'
import { runCli } from './cli-process.ts'
import { runInProcess } from './recorded-terminal.ts'

describe('fairlead', () => {
  it.each([['help'], ['--help'], ['-h']])('shows every command: %s', async (argument) => {
    const { code, stdout } = await runInProcess([argument])
    expect(code).toBe(0)
    for (const text of ['serve', 'tail', 'publish', 'token', 'conformance', 'Exit codes'])
      expect(stdout).toContain(text)
  })

  it('without a command shows the same on standard error and exits 2', async () => {
    const { code, stdout, stderr } = await runCli([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage')
  })

  it('shows the version of the package', async () => {
    const { code, stdout } = await runInProcess(['--version'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/)
  })

  it.each(['serve', 'tail', 'publish', 'token', 'conformance'])(
    '%s has help with flags and examples',
    async (command) => {
      const long = await runInProcess(['help', command])
      expect(long.code).toBe(0)
      expect(long.stdout).toMatch(new RegExp(`^Usage {2}fairlead ${command} `))
      expect(long.stdout).toMatch(/Flags\n(?:.|\n)*Examples\n {2}# .+\n {2}.*fairlead /)
      expect(long.stdout.split('\n').every((line) => line.length <= 110)).toBe(true)
      expect(await runInProcess([command, '--help'])).toEqual(long)
    },
  )

  it.each([
    [['tial'], 'There is no command "tial". Did you mean tail?'],
    [['help', 'sevre'], 'There is no command "sevre". Did you mean serve?'],
    [['tail'], 'Something is missing: fairlead tail URL [CHANNEL] [flags]'],
    [['tail', 'a', 'b', 'c'], '"c" is one argument too many: fairlead tail URL'],
    [['tail', 'localhost', 'x', '--lats', '3'], 'fairlead tail has no --lats. Did you mean --last?'],
    [['tail', 'localhost', 'x', '--last'], '--last needs a value: --last N'],
    [['tail', 'localhost', 'x', '--last', '--json'], '--last needs a value: --last N'],
    [['tail', 'localhost', 'x', '--last', '-3'], '--last is a whole number from 0, and is -3.'],
    [['tail', 'localhost', 'x', '--count=0'], '--count is a whole number from 1, and is 0.'],
    [['tail', 'localhost', 'x', '--json=yes'], '--json takes no value.'],
    [['tail', 'localhost', 'x', '--after', 'a.1', '--last', '3'], 'Give --after or --last, not both.'],
    [['tail', 'localhost', 'x', '--transport', 'ws'], '--transport is one of sse, websocket, long-poll.'],
    [['tail', 'localhost', '--last', '3'], '--transport and --last need a CHANNEL.'],
    [
      ['tail', 'ftp://localhost', 'x'],
      '"ftp://localhost" is no URL of a server, such as http://localhost:8080/live.',
    ],
    [['tail', 'localhost', '_x'], 'A channel name is 1 to 255 of'],
    [
      ['publish', 'localhost', 'x', 'y', '-5'],
      'fairlead publish has no -5. An argument that starts with - comes after --.',
    ],
    [
      ['publish', 'localhost', 'x', 'y', '{"a":'],
      'DATA is not a JSON text. With --text it is sent as a string',
    ],
    [['publish', 'localhost', 'x', 'y', '@missing.json'], 'The file missing.json cannot be read: ENOENT.'],
    [['publish', 'localhost', 'x', 'y', 'z', '--text', '--bytes'], 'Give --text or --bytes, not both.'],
    [['conformance'], 'Name the server to try: fairlead conformance --run URL'],
    [['serve', '--port', 'ten'], '--port must be a whole number from 0 to 65535, and is "ten".'],
    [['serve', 'missing.js'], 'There is no configuration at missing.js.'],
  ])('%j is refused with exit code 2 and says what to write', async (args, message) => {
    const { code, stdout, stderr } = await runInProcess(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  it('colours only where colour is asked for', async () => {
    const plain = await runCli(['help'])
    expect(plain.stdout).not.toContain('\x1b[')
    const coloured = await runCli(['help'], { env: { NO_COLOR: undefined, FORCE_COLOR: '1' } })
    expect(coloured.stdout).toContain('\x1b[')
  })
})
