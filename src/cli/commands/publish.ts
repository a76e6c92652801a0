import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { type Arguments, type Command, textFlag } from '../command.ts'
import { type Credential, hiding, readCredential, refusedToken, tokenFileFlag } from '../credential.ts'
import { UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { channelUrl, parseUrl, refusal, unreachable } from '../target.ts'

/** `fairlead publish`. */
export const publish: Command = {
  name: 'publish',
  usage: 'URL CHANNEL EVENT DATA [flags]',
  description: [
    'Sends one event to CHANNEL on the server whose base URL is URL, and prints its id and how well it is kept: memory, os, disk or replicated. A channel with a handler may answer something else.',
    'DATA is a JSON text and is sent as it stands; @FILE takes it from a file, - from standard input. With --text, DATA is any text and is sent as a JSON string; with --bytes it is sent as bytes.',
  ],
  arity: [4, 4],
  flags: {
    text: { type: 'boolean', description: 'DATA is a text: send it as a JSON string' },
    bytes: { type: 'boolean', description: 'DATA (a file or standard input, as a rule) is bytes' },
    key: {
      type: 'string',
      placeholder: 'KEY',
      description: 'Idempotency key: the same call again sends nothing twice',
    },
    after: {
      type: 'string',
      placeholder: 'POSITION',
      description: 'Only if nothing newer than this stands in the channel',
    },
    tag: { type: 'string', placeholder: 'TAG', description: 'What slow readers keep the newest of' },
    'token-file': tokenFileFlag,
    json: { type: 'boolean', description: "Print the server's answer as JSON" },
  },
  refused: refusedToken,
  examples: [
    [
      `fairlead publish http://localhost:8080/live orders new_order '{"id":123,"total":45.99}'`,
      'a JSON object',
    ],
    ['fairlead publish http://localhost:8080/live chat/7 say "Hello there" --text', 'a text'],
    ['fairlead publish http://localhost:8080/live photos thumbnail @small.png --bytes', 'a file'],
    ['date +%s | fairlead publish http://localhost:8080/live clock tick -', 'standard input'],
  ],
  async run(args, terminal) {
    const [address = '', channel = '', event = '', data = ''] = args.positionals
    const url = channelUrl(parseUrl(address), channel)
    url.searchParams.set('event', event)
    for (const name of ['after', 'tag']) {
      const value = textFlag(args, name)
      if (value !== undefined) url.searchParams.set(name, value)
    }
    const body = encodeBody(await readData(data, args), args, data)
    const credential = await readCredential(args, url, terminal)
    return hiding(credential, async () => {
      const response = await post(url, body, headersOf(args, credential))
      const answer = await response.text()
      if (!response.ok) throw refusal(url, response.status, answer)
      terminal.print(args.flags.json ? answer || '{}' : sentence(answer))
      return exitCodes.ok
    })
  },
}

async function readData(data: string, { flags }: Arguments): Promise<Buffer> {
  if (data === '-') return buffer(process.stdin)
  if (!data.startsWith('@') || flags.text) return Buffer.from(data)
  return readFile(data.slice(1)).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`The file ${data.slice(1)} cannot be read: ${error.code ?? error.message}.`)
  })
}

function encodeBody(content: Buffer, { flags }: Arguments, data: string): Buffer | string {
  if (flags.text && flags.bytes) throw new UsageError('Give --text or --bytes, not both.')
  if (flags.bytes) return content
  const text = content.toString()
  if (flags.text) return JSON.stringify(text)
  try {
    JSON.parse(text)
    return content
  } catch {
    const what = data === '-' ? 'Standard input' : data.startsWith('@') ? data.slice(1) : 'DATA'
    throw new UsageError(
      `${what} is not a JSON text. With --text it is sent as a string, with --bytes as bytes.`,
    )
  }
}

function headersOf(args: Arguments, { headers }: Credential): Record<string, string> {
  const key = textFlag(args, 'key')
  return {
    ...headers,
    'content-type': args.flags.bytes ? 'application/octet-stream' : 'application/json',
    ...(key === undefined ? {} : { 'idempotency-key': key }),
  }
}

async function post(url: URL, body: Buffer | string, headers: Record<string, string>): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      body: typeof body === 'string' ? body : new Uint8Array(body),
      headers,
    })
  } catch (error) {
    throw unreachable(url, error)
  }
}

/** The answer in words: `k3f9.42  memory`. */
function sentence(answer: string): string {
  if (answer === '') return 'The channel took it, and stored no event of its own.'
  const { id, durability } = JSON.parse(answer) as { id?: string; durability?: string }
  return id === undefined ? answer : [id, durability].filter((part) => part !== undefined).join('  ')
}
