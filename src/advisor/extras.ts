import type { ClientKind, Inputs, Network } from './inputs.ts'
import { readFailures } from './path-report.ts'
import { readHosting, readTeam } from './surroundings.ts'

type Fields = Readonly<Record<string, unknown>>

/** What one of the extras says, or undefined where its value is not understood. */
type Reader = (value: unknown) => Inputs | undefined

/**
 * Reads what is said of a flow and of where it runs, beside its rates: names and values as people write them. What is not
 * understood is named in `warnings`, as `WHERE.NAME`, and left out.
 */
export function readExtras(extras: unknown, where: string, warnings: string[]): Inputs {
  if (extras === undefined || extras === null) return {}
  if (typeof extras !== 'object' || Array.isArray(extras)) {
    warnings.push(`${where} is no object`)
    return {}
  }
  const read: Inputs = {}
  for (const [name, value] of Object.entries(extras)) {
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
    const inputs = reader?.(value)
    if (reader === undefined) warnings.push(`${where}.${name} is not known`)
    else if (inputs === undefined)
      warnings.push(`${where}.${name}: ${JSON.stringify(value)} is not understood`)
    Object.assign(read, inputs)
  }
  return read
}

function number(name: keyof Inputs): Reader {
  return (value) => {
    const read = positive(value)
    return read === undefined ? undefined : { [name]: read }
  }
}

function flag(name: keyof Inputs): Reader {
  return (value) => (typeof value === 'boolean' ? { [name]: value } : undefined)
}

/** Words that people write for a value, by the letters in them; the first that fits. */
function words<Value>(name: keyof Inputs, table: readonly (readonly [RegExp, Value])[]): Reader {
  return (value) => {
    const text = typeof value === 'string' ? value.toLowerCase() : ''
    const found = table.find(([pattern]) => pattern.test(text))
    return text === '' || found === undefined ? undefined : { [name]: found[1] }
  }
}

const http = words('http', [
  [/h1|1\.1|http1/, 'h1'],
  [/h2|http\/?2/, 'h2'],
  [/h3|http\/?3|quic/, 'h3'],
  [/unknown|mixed/, undefined],
])
const networks = words<Network>('network', [
  [/corporate|inspect|enterprise/, 'corporate'],
  [/hotel|captive|public wifi/, 'hotel'],
  [/satellite/, 'satellite'],
  [/mixed|all|any|unknown/, 'mixed'],
  [/mobile|cell|4g|5g/, 'mobile'],
  [/datacent|lan|private|internal/, 'datacentre'],
  [/open|home|wifi|office/, 'open'],
])
const clientKinds = words<ClientKind>('clientKind', [
  [/old|legacy|ie ?11|internet explorer/, 'old-browser'],
  [/react.?native/, 'react-native'],
  [/native.*browser|browser.*native|desktop/, 'browser'],
  [/native|ios|android|phone|mobile/, 'native'],
  [/server|backend|partner/, 'server'],
  [/cli|terminal|script/, 'cli'],
  [/device|iot|sensor|embedded/, 'device'],
  [/browser|web/, 'browser'],
])
const lifetimes = words('lifetime', [
  [/mixed/, 'mixed'],
  [/one.?event|wait|once/, 'wait'],
  [/second|response|request/, 'response'],
  [/always/, 'always-on'],
  [/session|page|minutes|hours/, 'session'],
])
const fanouts = words('fanout', [
  [/same|all|broadcast|public/, 'same'],
  [/room|group|channel/, 'room'],
  [/user|private|one/, 'user'],
])
const existings = words('existing', [
  [/sse|event/, 'sse'],
  [/ws|websocket|socket/, 'websocket'],
  [/poll/, 'long-poll'],
  [/none|no/, 'none'],
])

const readers: Readonly<Record<string, Reader>> = {
  http,
  httpToBrowser: http,
  network: networks,
  clientKind: clientKinds,
  lifetime: lifetimes,
  fanout: fanouts,
  existing: (value) => existings(Array.isArray(value) ? value.join(' ') : value),
  clients: number('clients'),
  viewers: number('clients'),
  tabs: number('tabs'),
  tabsPerUser: number('tabs'),
  flowsPerPage: number('flowsPerPage'),
  rttMs: (value) => {
    if (typeof value === 'object' && value !== null) {
      const { p50, p95 } = value as Fields
      return { rttMs: positive(p50), rttP95Ms: positive(p95) }
    }
    return number('rttMs')(value)
  },
  background: flag('background'),
  coalesce: flag('coalesce'),
  upload: flag('upload'),
  battery: flag('battery'),
  binary: (value) =>
    typeof value === 'boolean'
      ? { binary: value ? 'continuous' : 'none' }
      : words('binary', [
          [/continuous|stream|always/, 'continuous'],
          [/occasional|some|rare/, 'occasional'],
          [/none|no/, 'none'],
        ])(value),
  media: (value) =>
    value === false
      ? { media: 'none' }
      : words('media', [
          [/video|screen/, 'video'],
          [/voice|audio/, 'voice'],
          [/none|no/, 'none'],
        ])(value),
  order: words('order', [
    [/strict/, 'strict'],
    [/per/, 'per-flow'],
    [/none|no|any/, 'none'],
  ]),
  delivery: words('delivery', [
    [/ephemeral|loss|best/, 'ephemeral'],
    [/resume|never|once|durable/, 'resume'],
  ]),
  lossTolerant: (value) =>
    typeof value === 'boolean' ? { delivery: value ? 'ephemeral' : 'resume' } : undefined,
  c2sPattern: words('upPattern', [
    [/unload|close/, 'at-unload'],
    [/continuous/, 'continuous'],
    [/action|user/, 'user-action'],
  ]),
  auth: words('auth', [
    [/cookie|none/, 'cookie'],
    [/bearer|header|token/, 'bearer'],
    [/ticket/, 'ticket'],
  ]),
  hosting: readHosting,
  product: (value) => (typeof value === 'string' ? { products: [value] } : undefined),
  team: readTeam,
  oldBrowsers: number('oldBrowserShare'),
  oldBrowserShare: number('oldBrowserShare'),
  audience: (value) =>
    typeof value === 'object' && value !== null
      ? { oldBrowserShare: positive((value as Fields).oldBrowsers ?? (value as Fields).oldBrowserShare) }
      : undefined,
  doctor: (value) => {
    const failures = readFailures(value)
    return failures === undefined ? undefined : { failures }
  },
  // Shapes that do not move the answer: average and total stand in s2c and c2s.
  s2cPeak: () => ({}),
  c2sPeak: () => ({}),
}

/** A number from 0, also of a text; undefined for anything else. */
export function positive(value: unknown): number | undefined {
  const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof read === 'number' && Number.isFinite(read) && read >= 0 ? read : undefined
}
