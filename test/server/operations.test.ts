import { describe, expect, it, onTestFinished } from 'vitest'
import { DevelopmentMode } from '../../src/access/development.ts'
import { systemClock } from '../../src/hub/clock.ts'
import { Hub } from '../../src/hub/hub.ts'
import { Limits, noLimits } from '../../src/hub/limits.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { memoryPresence } from '../../src/log/memory-presence.ts'
import { Operations } from '../../src/server/operations.ts'

async function open(hub: () => Hub | undefined) {
  const operations = new Operations(hub)
  const { url } = await operations.listen({ port: 0 })
  onTestFinished(() => operations.close())
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(url + path, { method })
    return [response.status, await response.text()] as const
  }
  return get
}

function openHub(limits?: Limits): Promise<Hub> {
  return Hub.open({
    log: memoryLog(),
    channels: {},
    authorise: new DevelopmentMode(),
    presence: memoryPresence(),
    clock: systemClock,
    onError: () => {},
    limits,
  })
}

describe('the port for operations', () => {
  it('is alive and not ready before the log is open', async () => {
    const get = await open(() => undefined)
    expect((await get('/healthz'))[0]).toBe(200)
    expect(await get('/readyz')).toEqual([503, 'The log is being opened.\n'])
    expect((await get('/metrics'))[0]).toBe(503)
  })

  it('is ready with an open hub, and not while it drains', async () => {
    const hub = await openHub()
    const get = await open(() => hub)
    expect(await get('/readyz')).toEqual([200, 'ready\n'])
    await hub.drain(0)
    expect(await get('/readyz')).toEqual([503, 'Draining.\n'])
    expect((await get('/healthz'))[0]).toBe(200)
  })

  it('is not ready while it is full or its log is out of reach, and is again afterwards', async () => {
    const hub = await openHub(new Limits({ ...noLimits, connections: 1 }, systemClock))
    const get = await open(() => hub)
    hub.limits.connected(1)
    expect(await get('/readyz')).toEqual([503, 'Full: new connections are told to come back later.\n'])
    expect((await get('/metrics'))[1]).toContain('fairlead_ready 0\n')
    hub.limits.connected(-1)
    expect(await get('/readyz')).toEqual([200, 'ready\n'])
    hub.logs.all[0]!.outOfReach = true
    expect(await get('/readyz')).toEqual([503, 'The log is out of reach.\n'])
  })

  it('shows metrics as Prometheus reads them', async () => {
    const hub = await openHub()
    hub.metrics.opens.add('sse')
    hub.metrics.refusals.add('forbidden', 3)
    hub.metrics.publishes.observe(0.002)
    const get = await open(() => hub)
    const [status, text] = await get('/metrics')
    expect(status).toBe(200)
    for (const line of [
      '# TYPE fairlead_opens_total counter',
      'fairlead_opens_total{transport="sse"} 1',
      'fairlead_refusals_total{code="forbidden"} 3',
      'fairlead_publish_seconds_bucket{le="0.001"} 0',
      'fairlead_publish_seconds_bucket{le="0.0025"} 1',
      'fairlead_publish_seconds_bucket{le="+Inf"} 1',
      'fairlead_publish_seconds_sum 0.002',
      'fairlead_log_reachable{log="0"} 1',
      'fairlead_ready 1',
    ])
      expect(text.split('\n')).toContain(line)
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(
        /^(# (HELP|TYPE) (?:fairlead|process)_\w+ .+|(?:fairlead|process)_\w+(\{\w+="[^"]*"\})? [\d.e+-]+)$/,
      )
  })

  it('holds no more values of a label than its bound', async () => {
    const hub = await openHub()
    for (let i = 0; i < 1000; i++) hub.metrics.refusals.add(`code${i}`)
    expect(hub.metrics.refusals.values.size).toBeLessThanOrEqual(65)
    expect(hub.metrics.refusals.values.get('other')).toBe(1000 - 64)
  })

  it('answers nothing else', async () => {
    const get = await open(() => undefined)
    expect((await get('/'))[0]).toBe(404)
    expect((await get('/healthz', 'POST'))[0]).toBe(405)
    expect((await get('/healthz?x=1', 'HEAD'))[0]).toBe(200)
  })
})
