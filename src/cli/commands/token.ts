import type { Arguments, Command } from '../command.ts'
import { CommandError, UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Terminal } from '../terminal.ts'
import { type PlannedClaims, readClaims } from '../token/claims.ts'
import { newKey, readKey } from '../token/signing-key.ts'

const keyInArguments =
  'everyone on this machine can read a command line, and shells remember it. Put the key in a file, --key-file FILE, or in FAIRLEAD_TOKEN_KEY.'

const pattern = { type: 'string', placeholder: 'PATTERN', multiple: true } as const

/** `fairlead token`. */
export const token: Command = {
  name: 'token',
  usage: '[flags]',
  description: [
    'Makes a token (a JWT, HS256) for trying things out, and prints it alone on standard output. In production your back end or identity provider signs tokens. Needs the package jose: npm install jose.',
    'The key is the one that the server verifies with: tokens({ keys: [{ alg: "HS256", secret }] }) in its configuration. It is read from --key-file or FAIRLEAD_TOKEN_KEY, and has 256 bits or more; --new-key makes one.',
    "A token grants channels by name or pattern (chat/*, user/{sub}) besides what the channels' own rules let; one that grants nothing says who its holder is.",
  ],
  // Any number, to refuse them without repeating what may be a key.
  arity: [0, Number.POSITIVE_INFINITY],
  flags: {
    'new-key': { type: 'boolean', description: 'Print a fresh key of 256 bits instead of a token' },
    'key-file': {
      type: 'string',
      placeholder: 'FILE',
      description: 'The file with the key. Environment: FAIRLEAD_TOKEN_KEY holds the key itself',
    },
    sub: { type: 'string', placeholder: 'NAME', description: 'Who the holder is, as rules see it' },
    subscribe: { ...pattern, description: 'Channels to read; may be given several times' },
    send: { ...pattern, description: 'Channels to send to; may be given several times' },
    presence: {
      ...pattern,
      description: 'Channels whose members may be asked for; may be given several times',
    },
    admin: { type: 'boolean', description: 'Grant everything, _status included' },
    claim: {
      type: 'string',
      placeholder: 'NAME=VALUE',
      multiple: true,
      description: "Anything else for the application's rules; may be given several times",
    },
    expires: {
      type: 'string',
      placeholder: 'TIME',
      description: 'How long it holds: 90s, 30m, 1h, 7d. Default: 1h',
    },
    issuer: {
      type: 'string',
      placeholder: 'TEXT',
      description: 'The claim iss, where the server asks for one',
    },
    audience: {
      type: 'string',
      placeholder: 'TEXT',
      description: 'The claim aud, where the server asks for one',
    },
  },
  refused: { key: keyInArguments, secret: keyInArguments, 'token-key': keyInArguments },
  examples: [
    ['(umask 077; fairlead token --new-key > token.key)', 'a key, in a file that only you can read'],
    ['fairlead token --key-file token.key --sub alice --subscribe orders', 'a token to read orders'],
    [
      'FAIRLEAD_TOKEN=$(fairlead token --key-file token.key --admin) fairlead tail localhost:8080 orders',
      'make one and use it',
    ],
    [
      "fairlead token --key-file token.key --sub bo --subscribe 'chat/*' --send 'chat/{sub}' --expires 10m",
      'patterns',
    ],
  ],
  async run(args, terminal) {
    if (args.positionals.length > 0) {
      throw new UsageError(`fairlead token takes flags alone. A key there is refused: ${keyInArguments}`)
    }
    if (args.flags['new-key'] === true) return printKey(args, terminal)
    const claims = readClaims(args, Date.now())
    const signed = await sign(claims, await readKey(args, terminal))
    terminal.note(terminal.noteStyle('dim', describe(claims)))
    terminal.print(signed)
    return exitCodes.ok
  },
}

function printKey({ flags }: Arguments, terminal: Terminal): number {
  const others = Object.keys(flags).filter((name) => name !== 'new-key')
  if (others.length > 0) throw new UsageError(`--new-key makes a key and no token: leave out --${others[0]}.`)
  terminal.note(
    terminal.noteStyle(
      'dim',
      'A key: who has it can sign as anyone. Keep it in a file that only you can read.',
    ),
  )
  terminal.print(newKey())
  return exitCodes.ok
}

async function sign(claims: PlannedClaims, key: Uint8Array): Promise<string> {
  const { SignJWT } = await import('jose').catch((cause: unknown) => {
    throw new CommandError('fairlead token needs the package jose: npm install jose', { cause })
  })
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key)
}

/** What the token says, for the person who made it. */
function describe({ sub, admin, subscribe, send, presence, exp, iat }: PlannedClaims): string {
  const grants = Object.entries({ read: subscribe, 'send to': send, 'see who is on': presence })
    .filter(([, channels]) => channels !== undefined)
    .map(([action, channels]) => `${action} ${channels?.join(', ')}`)
  const may = admin ? 'everything' : grants.join('; ') || 'nothing by itself: what rules let its holder do'
  const day = exp - iat > 86_400 ? ' A revocation lasts for 24 hours alone, and this token longer.' : ''
  return `A token for ${sub ?? 'nobody in particular'}, until ${new Date(exp * 1000).toISOString()}. It grants ${may}.${day}`
}
