import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { needs } from '../support/needs.ts'
import { readSource } from '../support/source-files.ts'
import { recordedLines } from './recorded-lines.ts'
import { openSocket, openStream, post, serve, until } from './serve.ts'

const promtool = needs('promtool')

async function open() {
  const { logger, of } = recordedLines()
  const served = await serve({
    channels: {
      '*': { read: 'public', send: 'public' },
      closed: {},
      short: { read: 'public', retention: { count: 1 } },
    },
    operations: { port: 0 },
    logger,
  })
  const scrape = async () => (await fetch(`${of('operations')[0]!.url}/metrics`)).text()
  return { ...served, scrape }
}

/** A server that has done a little of everything. */
async function busy() {
  const served = await open()
  const { url, server } = served
  const stream = await openStream(`${url}/a`)
  const several = await openStream(`${url}?channel=a&channel=b`)
  const socket = await openSocket(`${url}/a`)
  const poll = fetch(`${url}/a?wait=20&after=latest`)
  await post(`${url}/a?event=e`, '{"n":1}')
  await Promise.all([stream.event('e'), several.event('a:e'), socket.message('event'), poll])
  await fetch(`${url}/closed?limit=1`)
  const { id } = await server.channel('short').publish('e', 1)
  for (let n = 2; n < 5; n++) await server.channel('short').publish('e', n)
  const resumed = await openStream(`${url}/a?after=${id}`)
  const late = await openStream(`${url}/short?after=${id!.replace(/\d+$/, '0')}`)
  await late.event('$reset')
  several.close()
  await until(() => resumed.events.length > 0, 'the first block')
  return served
}

function seriesValue(text: string, series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

/** Every series, without its value. */
function seriesIn(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/ [^ ]+$/, ''))
}

/** Names of metrics in a text of Prometheus's. */
function namesIn(text: string): Set<string> {
  const names = new Set<string>()
  for (const [, name = '', type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    if (type !== 'histogram') names.add(name)
    else for (const end of ['bucket', 'sum', 'count']) names.add(`${name}_${end}`)
  }
  return names
}

/** Names of metrics in an expression: what stands neither in braces nor in `by (…)`, and is called by nothing. */
function namesAsked(expr: string): string[] {
  const bare = expr.replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"|\b(?:by|on|without|ignoring) \([^)]*\)/g, ' ')
  return [...bare.matchAll(/[A-Za-z_:][\w:]*(?![\w:]*\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => !/^(?:sum|max|count|by|and|or|unless|bool)$/.test(name))
}

function expressionsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(expressionsOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'expr' && typeof inner === 'string' ? [inner] : expressionsOf(inner),
  )
}

const board = JSON.parse(readSource('examples/grafana/fairlead.json')) as {
  panels: { type: string; title: string }[]
}
const alerts = [...readSource('examples/prometheus/alerts.yml').matchAll(/expr: (?:>-\s+)?(.+)/g)].map(
  ([, expr = '']) => expr,
)

describe('metrics', () => {
  it('count what was done, by transport, result and way', async () => {
    const { scrape } = await busy()
    const text = await scrape()
    const value = (series: string) => seriesValue(text, `fairlead_${series}`)
    expect(value('opens_total{transport="sse"}')).toBe(4)
    expect(value('opens_total{transport="websocket"}')).toBe(1)
    expect(value('opens_total{transport="long-poll"}')).toBe(1)
    expect(value('connections{transport="websocket"}')).toBe(1)
    expect(value('resumes_total{result="ok"}')).toBe(1)
    expect(value('resumes_total{result="reset"}')).toBe(1)
    expect(value('resets_total{reason="trimmed"}')).toBe(1)
    expect(value('deliveries_total{way="live"}')).toBe(3)
    expect(value('deliveries_total{way="poll"}')).toBe(1)
    expect(value('ended_total{reason="slow"}')).toBe(0)
    expect(value('publish_seconds_count')).toBe(5)
    expect(value('fanout_lag_seconds_count')).toBeGreaterThan(0)
    expect(value('written_bytes_total{transport="sse"}')).toBeGreaterThan(0)
    expect(value('behind')).toBe(0)
    expect(value('ready')).toBe(1)
  })

  it('show bytes of open connections, and never fall when one is closed', async () => {
    const { url, scrape } = await open()
    const written = async () => seriesValue(await scrape(), 'fairlead_written_bytes_total{transport="sse"}')!
    const connected = async () => seriesValue(await scrape(), 'fairlead_connections{transport="sse"}')
    const stream = await openStream(`${url}/a`)
    await until(() => stream.events.length > 0, 'the first block')
    const before = await written()
    expect(before).toBeGreaterThan(0)
    stream.close()
    const deadline = Date.now() + 8_000
    while ((await connected()) !== 0) expect(Date.now(), 'the reader goes').toBeLessThan(deadline)
    expect(await written()).toBeGreaterThanOrEqual(before)
  })

  it('have as many series with 100,000 channels as with one', async () => {
    const { server, url, scrape } = await busy()
    const before = seriesIn(await scrape())
    for (let i = 0; i < 100_000; i += 500) {
      await Promise.all(Array.from({ length: 500 }, (_, j) => server.channel(`c${i + j}`).publish('e', 1)))
      // Client and server share this process: were no timer let run for 5 s, the next request would go out on a kept
      // connection that the server closes at the same moment.
      await turn()
    }
    for (let i = 0; i < 100; i++) await fetch(`${url}/c${i}?after=latest&limit=1`)
    const text = await scrape()
    expect(seriesValue(text, 'fairlead_publish_seconds_count')).toBe(100_005)
    expect(seriesIn(text)).toEqual(before)
  }, 60_000)

  it.skipIf(!promtool)('are what promtool takes for good', async () => {
    const { scrape } = await busy()
    const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'metrics'], { input: await scrape() })
    expect(`${stdout}${stderr}`).toBe('')
    expect(status).toBe(0)
  })
})

describe('the board and the alerts', () => {
  it('ask only for metrics that there are', async () => {
    const { scrape } = await busy()
    const known = namesIn(await scrape())
    const asked = [...expressionsOf(board), ...alerts].flatMap(namesAsked)
    expect(asked.length).toBeGreaterThan(40)
    // `up` is Prometheus's own; a variable's name is Grafana's.
    expect([...new Set(asked)].filter((name) => !known.has(name) && name !== 'up')).toEqual([])
  })

  it('show every metric that there is', async () => {
    const { scrape } = await open()
    const asked = new Set(expressionsOf(board).flatMap(namesAsked))
    const types = [...(await scrape()).matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
    const shown = (name: string) => [name, `${name}_bucket`, `${name}_count`].some((one) => asked.has(one))
    expect(types.filter((name) => !shown(name))).toEqual([])
  })

  it('explain each panel', () => {
    const text = readSource('examples/grafana/README.md')
    const titles = board.panels.map(({ title }) => title)
    expect(titles.filter((title) => !text.includes(title))).toEqual([])
  })

  it.skipIf(!promtool)('are expressions that promtool understands', () => {
    const folder = mkdtempSync(join(tmpdir(), 'fairlead-rules-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const exprs = expressionsOf(board).map((expr) => expr.replaceAll('$__rate_interval', '5m'))
    const rules = exprs.map((expr, i) => ({ record: `board:expression:${i}`, expr }))
    // YAML takes JSON as it is.
    writeFileSync(join(folder, 'board.yml'), JSON.stringify({ groups: [{ name: 'board', rules }] }))
    writeFileSync(join(folder, 'alerts.yml'), readSource('examples/prometheus/alerts.yml'))
    const files = ['board.yml', 'alerts.yml'].map((name) => join(folder, name))
    const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'rules', ...files])
    expect(status, `${stdout}${stderr}`).toBe(0)
    expect(`${stdout}`).toContain(`${rules.length} rules found`)
  })
})
