import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlowResult, ServerCost } from '../../src/cli/bench/flow.ts'
import { createServer } from '../../src/server/create-server.ts'
import { runCli } from './cli-process.ts'

const server = createServer({ dev: true })
let live = ''

beforeAll(async () => {
  live = `${(await server.listen({ port: 0 })).url}/live`
})

afterAll(() => server.close())

describe('fairlead bench', () => {
  it.each(['sse', 'websocket', 'long-poll'])(
    'counts every delivery over %s, and what it cost',
    async (transport) => {
      const flags = [
        '--subscribers',
        '20',
        '--rate',
        '50',
        '--duration',
        '1',
        '--transport',
        transport,
        '--json',
      ]
      const { code, stdout, stderr } = await runCli(['bench', live, `load/${transport}`, ...flags])
      const { flows, server } = JSON.parse(stdout) as { flows: FlowResult[]; server?: ServerCost }
      expect(flows).toMatchObject([
        {
          channel: `load/${transport}`,
          transport,
          sent: 50,
          refused: 0,
          delivered: 1000,
          lost: 0,
          disordered: 0,
        },
      ])
      expect(flows[0]?.latency?.count).toBe(1000)
      if (process.platform === 'linux') expect(server?.cpuUsPerDelivery).toBeGreaterThan(0)
      expect(stderr).toContain('20 readers')
      expect(code).toBe(0)
    },
  )

  it('takes its channels and rates from a file of flows, and says it in words', async () => {
    const file = new URL('flows.json', import.meta.url).pathname
    const args = ['bench', live, '--flows', file, '--subscribers', '5', '--duration', '1']
    const { code, stdout } = await runCli(args)
    expect(stdout).toContain('ticker: 5 readers over sse, 20 events a second of 80 bytes')
    expect(stdout).toContain('delivered  100 of 100, none lost')
    expect(stdout).toContain('delivered  25 of 25, none lost')
    expect(stdout).toMatch(/delay {6}median .* ms, p99/)
    expect(code).toBe(0)
  })

  it('says what is wrong with a call, and what to do when a server refuses', async () => {
    const twice = await runCli(['bench', live, 'a', '--flows', 'b.json'])
    expect(twice.stderr).toContain('one of the two')
    expect(twice.code).toBe(2)
    const nobody = createServer({ channels: { closed: { read: 'public' } } })
    const { url } = await nobody.listen({ port: 0 })
    const { code, stderr } = await runCli([
      'bench',
      `${url}/live`,
      'closed',
      '--subscribers',
      '1',
      '--duration',
      '1',
    ])
    await nobody.close()
    expect(stderr).toMatch(/answered 40[13]/)
    expect(code).toBe(1)
  })
})
