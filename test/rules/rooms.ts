/** What a folder of src/ may lean on, and why: ARCHITECTURE.md, "Rooms", as a table that is checked. */
export interface Room {
  /** Rooms it may import. */
  readonly rooms: readonly string[]
  /** Whether it may also import the seams: the interfaces of hub/ that others implement. */
  readonly seams?: boolean
  /** Node's own modules it may import; `all` or names without `node:`. */
  readonly node: 'all' | readonly string[]
  /** Packages it may import at its head. */
  readonly packages: readonly string[]
  /** Packages it may only reach by `import()`, when they are needed. */
  readonly lazyPackages?: readonly string[]
  /** Completes "because …" in the message of a failure. */
  readonly why: string
}

/** The interfaces that hub/ names and others implement, and the clock that both are given. */
export const seams: readonly string[] = [
  'src/hub/authorise.ts',
  'src/hub/channel-log.ts',
  'src/hub/channels.ts',
  'src/hub/clock.ts',
  'src/hub/connection.ts',
  'src/hub/declared.ts',
  'src/hub/presence.ts',
]

export const rooms: Readonly<Record<string, Room>> = {
  protocol: {
    rooms: [],
    node: [],
    packages: [],
    why: 'it is pure: the same codecs run on a server, in a browser and on a phone',
  },
  advisor: {
    rooms: ['protocol'],
    node: [],
    packages: [],
    why: 'it is pure: the same flows give the same advice on a server, in a build and in a page',
  },
  hub: {
    rooms: ['protocol'],
    node: [],
    packages: [],
    why: 'it owns no socket and knows no wire and no storage; it names the seams it needs',
  },
  log: {
    rooms: ['protocol'],
    seams: true,
    node: 'all',
    packages: ['lmdb'],
    // Optional peers, each behind its own door.
    lazyPackages: ['ioredis', '@nats-io/transport-node'],
    why: 'a log implements a seam of hub/ and knows nothing of who reads it',
  },
  access: {
    rooms: ['protocol'],
    seams: true,
    node: 'all',
    packages: [],
    // An optional peer: only who configures tokens needs it.
    lazyPackages: ['jose'],
    why: 'it answers who may do what and knows nothing of streams',
  },
  transports: {
    rooms: ['protocol', 'hub'],
    node: 'all',
    packages: [],
    why: 'a wire serves the hub and knows neither log nor other wires’ assembly',
  },
  server: {
    rooms: ['protocol', 'advisor', 'hub', 'log', 'access', 'transports'],
    node: 'all',
    packages: [],
    why: 'it is where the parts meet, and nothing above it is part of it',
  },
  config: {
    rooms: ['protocol', 'server'],
    seams: true,
    node: 'all',
    packages: [],
    why: 'it turns flags, environment and files into a server’s options, and starts nothing',
  },
  adapters: {
    rooms: ['protocol', 'server'],
    node: 'all',
    packages: [],
    why: 'an adapter knows the server’s public face and its framework alone',
  },
  client: {
    // Of the advisor the comparison alone, `src/advisor/live.ts`: it goes into every page.
    rooms: ['protocol', 'advisor'],
    node: [],
    packages: [],
    lazyPackages: ['ws'],
    why: 'it runs in browsers and on phones: nothing of Node, no server code, and `ws` only where Node asks for it',
  },
  testing: {
    rooms: ['protocol'],
    seams: true,
    node: 'all',
    packages: ['ws'],
    why: 'its cases run against any implementation, so they know the seams and the wire and no part of ours',
  },
  load: {
    rooms: ['protocol'],
    node: 'all',
    packages: ['ws'],
    why: 'it loads any server from outside, and counts what comes: it knows the wire alone',
  },
  cli: {
    rooms: [
      'load',
      'advisor',
      'protocol',
      'hub',
      'log',
      'access',
      'transports',
      'server',
      'config',
      'adapters',
      'client',
      'testing',
    ],
    node: 'all',
    packages: ['ws'],
    // Optional peers: `fairlead token` needs the one, files of flows in YAML the other.
    lazyPackages: ['jose', 'yaml'],
    why: 'it is the outermost room and imports what the package offers',
  },
}

/**
 * Files and folders (with `/` at the end) that may read the machine's clock, set timers or draw random numbers, and why.
 * All others are given a `Clock`.
 */
export const ownClock: Readonly<Record<string, string>> = {
  'src/hub/clock.ts': 'the machine’s clock is made here',
  'src/hub/topic-hub.ts': 'waits out part of a loaded loop, in fractions of a millisecond',
  'src/hub/metrics.ts': 'measures how long work takes, in fractions of a millisecond',
  'src/client/clock.ts': 'the machine’s clock is made here, for a client that imports nothing of the server',
  'src/server/problem.ts':
    'closes a refused socket that does not close by itself, where no session and no clock exist',
  'src/testing/': 'its cases wait for logs and servers that live on real time',
  'src/cli/': 'a person waits in front of it',
}

/** Folder and file names that say nothing about what is inside. */
export const emptyNames = /^(utils?|helpers?|common|misc|shared|lib)$/
