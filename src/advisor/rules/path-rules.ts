import type { Facts, ProbedTransport } from '../inputs.ts'
import { limitsOf } from '../products.ts'
import type { AdvisedTransport } from '../transports.ts'
import { because, isBrowser, type Rule } from './rule.ts'

/** What rides on a way that was probed. */
const ridesOn: Readonly<Record<ProbedTransport, readonly AdvisedTransport[]>> = {
  sse: ['sse', 'sse+post'],
  websocket: ['websocket'],
  'long-poll': ['long-poll'],
}
const streams: readonly AdvisedTransport[] = [...ridesOn.sse, ...ridesOn.websocket]

function failing({ failures }: Facts, share: number): [ProbedTransport, number][] {
  return (Object.entries(failures) as [ProbedTransport, number][]).filter(([, failed]) => failed >= share)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** What the path between client and server lets through. First of all: what cannot get through needs no weighing. */
export const pathRules: readonly Rule[] = [
  {
    id: 'R26',
    title: 'what failed on this path is not the first choice',
    grade: 'measured',
    source: 'measured on the path itself',
    condition: 'a transport failed for 2 % of this audience (fallback), for 20 % (not the first choice)',
    when: (facts) =>
      because(
        failing(facts, 0.02).length > 0,
        failing(facts, 0.02)
          .map(([name, share]) => `${name} failed for ${percent(share)}`)
          .join(', '),
      ),
    effect: (facts) => ({
      exclude: failing(facts, 0.2).flatMap(([name]) => ridesOn[name]),
      needs: ['fallback'],
    }),
  },
  {
    id: 'R20',
    title: 'no WebSocket through this path',
    grade: 'specified',
    source: 'the product’s documentation; RFC 9110, section 7.8',
    condition: 'a product in the path does not pass the upgrade',
    when: (facts) => {
      const product = facts.products.map(limitsOf).find((limit) => limit?.noWebSocket)
      if (product) return `${product.name} (${product.source})`
      return because(facts.websocketBlocked, 'the path takes the upgrade away')
    },
    effect: { exclude: ['websocket'] },
  },
  {
    id: 'R19',
    title: 'no SSE through this path',
    grade: 'specified',
    source: 'the product’s documentation',
    condition: 'a product in the path does not stream responses',
    when: (facts) => {
      const product = facts.products.map(limitsOf).find((limit) => limit?.noSse)
      if (product) return `${product.name} (${product.source})`
      return because(facts.sseBlocked, 'the path does not stream responses')
    },
    // A product that passes WebSockets is there to be used.
    effect: { exclude: ridesOn.sse, points: { 'long-poll': 1.5 } },
  },
  {
    id: 'R18',
    title: 'functions that end within a minute hold no stream',
    grade: 'specified',
    source: 'limits of the function products',
    condition: 'serverless, at most 60 s for one function',
    when: ({ serverlessMaxSeconds: most }) =>
      because(most !== undefined && most < 60, `a function runs ${most} s at most`),
    effect: ({ serverlessMaxSeconds: most = 0 }) => ({
      exclude: streams,
      points: { 'long-poll': 2 },
      warning: `A long-poll may wait ${Math.max(1, most - 5)} s at most here; or publish through a product that keeps connections.`,
    }),
  },
  {
    id: 'R33',
    title: 'browsers that cannot read a stream',
    grade: 'specified',
    source: 'browser compatibility data: no EventSource in Internet Explorer and EdgeHTML',
    condition: 'an old browser, or a share of the audience of 2 % (fallback) or 20 % (not the first choice)',
    when: ({ clientKind, oldBrowserShare }) =>
      clientKind === 'old-browser'
        ? 'the clients are old browsers'
        : because(oldBrowserShare >= 0.02, `${percent(oldBrowserShare)} of the audience have old browsers`),
    effect: ({ clientKind, oldBrowserShare }) => ({
      exclude: clientKind === 'old-browser' || oldBrowserShare >= 0.2 ? ridesOn.sse : [],
      needs: ['fallback'],
    }),
  },
  {
    id: 'R9',
    title: 'a path that is not yours may hold a stream or block an upgrade',
    grade: 'reported',
    source: 'reports of TLS-inspecting proxies (Squid, Zscaler) and of scanners that hold responses',
    condition: 'a corporate, hotel, mobile or mixed network, or an audience of 10,000',
    when: ({ network, clients, clientKind, failures }) => {
      if (Object.keys(failures).length === 3 || clientKind === 'server') return undefined
      if (['corporate', 'hotel', 'mixed', 'mobile', 'satellite'].includes(network))
        return `${network} network`
      return because(
        network !== 'datacentre' && clients >= 10_000,
        `${clients} clients on paths of all kinds`,
      )
    },
    effect: {
      needs: ['fallback'],
      warning: 'Open means: the first message was seen. Keep SSE + POST and long-poll as fallbacks.',
    },
  },
  {
    id: 'R8',
    title: 'six sockets for all tabs of a browser',
    grade: 'specified',
    source: 'Chromium’s socket pools: 6 to one host over HTTP/1.1; HTTP/2: 100 streams and more',
    condition: 'browser, HTTP/1.1 or unknown; or four streams and more (tabs × flows) on any',
    when: (facts) => {
      if (!isBrowser(facts) || facts.direction === 'up' || ['wait', 'response'].includes(facts.lifetime))
        return undefined
      const { http, tabs, flowsPerPage } = facts
      const open = tabs * flowsPerPage
      if (open >= 4)
        return `${counted(tabs, 'tab')} with ${counted(flowsPerPage, 'flow')} each, HTTP ${versionOf(http)}`
      return because(http === 'h1' || http === 'unknown', `HTTP ${versionOf(http)}: each tab takes one of 6`)
    },
    effect: ({ http, tabs }) => ({
      needs: ['one-connection'],
      // Streams of tabs leave POST no socket over HTTP/1.1; WebSockets are counted apart (255).
      points: http === 'h1' && tabs >= 4 ? { 'sse+post': 1.25, sse: 0.5, 'long-poll': 1.25 } : {},
    }),
  },
]

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function versionOf(http: Facts['http']): string {
  return { h1: '1.1', h2: '2', h3: '3', unknown: 'version unknown' }[http]
}
