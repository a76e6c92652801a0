import { upgradeLines } from '../../src/testing/server-cases/bad-request.ts'
import { type Attack, askLines, attackCase, eventsOf, tally } from './attack-case.ts'
import { type AbuseCase, channelOf, type Stage } from './case.ts'

/** Requests that a foreign page makes a reader's browser send, and requests for what is another's. */

const json = 'Content-Type: application/json'
const ann = { authorization: 'Bearer ann' }

/** Origins that look like the allowed ones, and are not. */
function lookalikes(port: number): string[] {
  return [
    'null',
    '',
    '*',
    'about:blank',
    'file://',
    'data:',
    'blob:https://app.example.com/1',
    'https://evil.test',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com:443',
    'https://app.example.com.evil.test',
    'https://evil-app.example.com',
    'https://appxexample.com',
    'https://app.example.com.',
    'https://example.com',
    'https://app.example.co',
    'https://app.example.community',
    'https://xapp.example.com',
    'https://app.example.com/',
    'https://app.example.com/x',
    'https://app.example.com?x',
    'https://app.example.com#x',
    'https://user@app.example.com',
    'https://app.example.com@evil.test',
    'https://app.example.com\\@evil.test',
    'https://app.example.com, https://evil.test',
    'https://evil.test https://app.example.com',
    ' https://app.example.com x',
    'https//app.example.com',
    'app.example.com',
    '//app.example.com',
    'wss://app.example.com',
    'ftp://app.example.com',
    'https://xn--pp-xka.example.com',
    'https://аpp.example.com',
    'https://app.example.com%00',
    'https://app%2eexample.com',
    `http://127.0.0.1.evil.test:${port}`,
    `http://127.0.0.1:${port + 1}`,
    `http://127.0.0.1:${port}0`,
    'http://127.0.0.1',
    `https://127.0.0.1:${port}.evil.test`,
    'http://2130706433',
    'http://[::ffff:127.0.0.1]',
    'http://localhost.evil.test',
  ]
}

/** Upgrades, or sends, of every lookalike; answers the statuses. */
async function fromLookalikes(
  stage: Stage,
  at: 'dev' | 'ruled',
  start: string,
  lines: readonly string[],
  body = '',
) {
  const origins = lookalikes(stage.ports[at]).filter(
    (origin) => at === 'ruled' || !/^https?:\/\/127\.0\.0\.1(:\d+)?$/.test(origin),
  )
  const statuses = await Promise.all(
    origins.map(async (origin) => {
      const answer = await askLines(
        stage,
        at,
        start,
        [...lines, `Origin: ${Buffer.from(origin).toString('latin1')}`],
        body,
      )
      if (answer?.headers.has('access-control-allow-origin')) return `CORS for ${origin}`
      return answer?.status === 403 ? 'refused' : `${answer?.status} for ${JSON.stringify(origin)}`
    }),
  )
  return tally(statuses.map((status) => (status === 'refused' ? 'all refused' : status))).replace(
    / × \d+/,
    '',
  )
}

/** Requests whose answer must be the same to the byte, whether the channel exists or not. */
async function enumerate(stage: Stage): Promise<string> {
  const starts = [
    'GET /live/NAME',
    'GET /live/NAME?limit=1',
    'GET /live?channel=NAME',
    'GET /live/_presence/NAME',
    'POST /live/NAME',
  ]
  const differences: string[] = []
  for (const start of starts) {
    for (const lines of [
      [],
      ['Authorization: Bearer ann'],
      upgradeLines,
      [...upgradeLines, 'Authorization: Bearer ann'],
    ]) {
      const ask = (name: string) =>
        askLines(
          stage,
          'ruled',
          start.replace('NAME', name),
          [...lines, json],
          start.startsWith('POST') ? '1' : '',
        )
      const [one, other] = await Promise.all([ask('closed'), ask('absent')])
      const text = (answer: typeof one): string | undefined =>
        answer && (answer.status === 101 ? '101' : answer.text.replace(/Date: .*\r\n/i, ''))
      if (text(one) !== text(other))
        differences.push(`${start} ${lines.length}: ${text(one)} ≠ ${text(other)}`)
    }
  }
  return differences.length === 0 ? 'the same bytes' : differences.join('; ')
}

const attacks: readonly Attack[] = [
  {
    row: '1',
    name: 'websocket-hijack',
    expected: 'all refused',
    run: (stage) => fromLookalikes(stage, 'ruled', 'GET /live/members', [...upgradeLines, 'Cookie: who=ann']),
  },
  {
    row: '1',
    name: 'websocket-hijack-without-cookie',
    expected: 'all refused',
    run: (stage) => fromLookalikes(stage, 'ruled', 'GET /live', upgradeLines),
  },
  {
    row: '1',
    name: 'websocket-hijack-of-development',
    expected: 'all refused',
    run: (stage) => fromLookalikes(stage, 'dev', 'GET /live', upgradeLines),
  },
  {
    row: '2',
    name: 'csrf-by-origin',
    expected: 'all refused, stored 0',
    async run(stage) {
      const seen = await fromLookalikes(
        stage,
        'ruled',
        'POST /live/members',
        [json, 'Cookie: who=ann'],
        '"forged"',
      )
      return `${seen}, stored ${(await eventsOf(stage, 'members', 'ruled', ann)).filter(({ data }) => data === 'forged').length}`
    },
  },
  {
    row: '2',
    name: 'csrf-by-form',
    expected: '403 × 8, 415 × 4, stored 0',
    async run(stage) {
      const types = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain; x=application/json',
      ]
      const statuses: (number | undefined)[] = []
      for (const type of types) {
        const lines = [`Content-Type: ${type}`]
        for (const more of [
          ['Cookie: who=ann'],
          ['Cookie: who=ann', 'Sec-Fetch-Site: cross-site'],
          ['Authorization: Bearer ann'],
        ]) {
          const answer = await askLines(stage, 'ruled', 'POST /live/members', [...lines, ...more], '"forged"')
          statuses.push(answer?.status)
        }
      }
      const events = await eventsOf(stage, 'members', 'ruled', ann)
      return `${tally(statuses)}, stored ${events.filter(({ data }) => data === 'forged').length}`
    },
  },
  {
    row: '19',
    name: 'enumeration-of-channels',
    expected: 'the same bytes',
    run: enumerate,
  },
  {
    row: '20',
    name: 'history-of-another',
    expected: '403 × 6',
    async run(stage) {
      const own = await fetch(`http://127.0.0.1:${stage.ports.ruled}/live/letters/ann?limit=1`, {
        headers: ann,
      })
      const { position } = (await own.json()) as { position: string }
      const queries = [
        '',
        `?after=${position}`,
        '?after=earliest',
        '?last=10',
        '?limit=10&after=earliest',
        '?wait=1',
      ]
      const answers = await Promise.all(
        queries.map((query) =>
          askLines(stage, 'ruled', `GET /live/letters/ann${query}`, ['Authorization: Bearer bob']),
        ),
      )
      return tally(answers.map((answer) => answer?.status))
    },
  },
  {
    row: '25',
    name: 'dns-rebinding',
    expected: '403 host_not_allowed × 60',
    async run(stage) {
      const hosts = [
        'evil.test',
        'evil.test:80',
        'localhost.evil.test',
        '127.0.0.1.nip.test',
        '0.0.0.0',
        '192.168.0.1',
        '127.0.0.2',
        '[::]',
        '2130706433',
        'localhost.',
      ]
      const starts: readonly (readonly [string, readonly string[], string?])[] = [
        ['GET /live/orders', []],
        ['GET /live/orders?limit=1', []],
        ['GET /live/_status', []],
        ['GET /live/_client.js', []],
        ['POST /live/orders', [json], '1'],
        ['GET /live', upgradeLines],
      ]
      const seen = await Promise.all(
        hosts.flatMap((host) =>
          starts.map(async ([start, lines, body]) => {
            const answer = await askLines(stage, 'dev', start, [...lines, `Host: ${host}`], body)
            return `${answer?.status} ${/"code":"(\w+)"/.exec(answer?.body ?? '')?.[1]}`
          }),
        ),
      )
      return tally(seen)
    },
  },
  {
    row: '28',
    name: 'upgrade-checked-like-a-request',
    expected: 'the same codes',
    async run(stage) {
      const rules: readonly (readonly ['dev' | 'ruled', string, readonly string[]])[] = [
        ['dev', '/live/a//b', []],
        ['dev', '/live/a%20b', []],
        ['dev', '/live/a?after=1', []],
        ['dev', '/live/a?last=1001', []],
        ['dev', '/live/a?client=x', []],
        ['dev', '/live/a', ['Host: evil.test']],
        ['dev', '/live/a', ['Host: a', 'Host: b']],
        ['dev', '/live/a', ['Host: ']],
        ['dev', `/live/a?x=${'x'.repeat(9000)}`, []],
        ['dev', '/live/a', ['Origin: https://evil.test']],
        ['dev', '/live/a', Array.from({ length: 101 }, (_, i) => `x-${i}: y`)],
        ['dev', '/live/a', ['Last-Event-ID: x']],
        ['dev', `/live?${Array.from({ length: 101 }, (_, i) => `channel=c${i}`).join('&')}`, []],
        ['ruled', '/live/closed', ['Authorization: Bearer ann']],
        ['ruled', '/live/closed', ['Authorization: Bearer forged']],
        ['ruled', '/live/members', ['Cookie: who=ann', 'Origin: null']],
      ]
      const code = (answer: { body: string } | undefined): string | undefined =>
        /"code":"(\w+)"/.exec(answer?.body ?? '')?.[1]
      const others: string[] = []
      for (const [at, path, lines] of rules) {
        const asRequest = code(await askLines(stage, at, `GET ${path}`, lines))
        const asUpgrade = code(await askLines(stage, at, `GET ${path}`, [...upgradeLines, ...lines]))
        if (asRequest !== asUpgrade || asRequest === undefined)
          others.push(`${path}: ${asRequest} and ${asUpgrade}`)
      }
      return others.length === 0 ? 'the same codes' : others.join('; ')
    },
  },
]

/** Each as a case. */
export const forgeries: readonly AbuseCase[] = attacks.map(attackCase)

/** The channel of an attack. */
export function attackChannel(name: string): string {
  return channelOf({ table: 'attack', name }, 'whole')
}
