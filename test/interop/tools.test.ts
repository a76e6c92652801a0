import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../../src/server/create-server.ts'
import { needs } from '../support/needs.ts'
import { startProgram } from './program.ts'

/** The wire without our client: what a person with curl, Python or wscat sees. */
const server = createServer({ dev: true, heartbeatMs: 2000 })
const channel = (name: string) => server.channel(`interop/${name}`)
let live = ''

beforeAll(async () => {
  live = `${(await server.listen({ port: 0 })).url}/live`
})

afterAll(() => server.close())

const curl = needs('curl')

describe.skipIf(!curl)('curl', () => {
  const run = (...args: string[]) => startProgram(curl!, ['-sS', ...args])

  it('shows the first block at once, and events as they come', async () => {
    const program = run('-N', `${live}/interop/orders`)
    await program.prints(/^retry: \d+\nid: \S+\nevent: \$heartbeat\ndata: \{"everyMs":2000\}\n\n/)
    const { id } = await channel('orders').publish('new_order', { id: 123, total: 45.99 })
    await program.prints(new RegExp(`\nid: ${id}\nevent: new_order\ndata: \\{"id":123,"total":45.99\\}\n\n`))
  })

  it('resumes with the last id as Last-Event-ID: exactly what was missed, then live', async () => {
    const first = run('-N', `${live}/interop/resumed`)
    await first.prints(/heartbeat/)
    await channel('resumed').publish('tick', 1)
    const [, id] = await first.prints(/id: (\S+)\nevent: tick\ndata: 1\n/)
    first.kill()
    await first.exited
    for (const n of [2, 3]) await channel('resumed').publish('tick', n)
    const again = run('-N', '-H', `Last-Event-ID: ${id}`, `${live}/interop/resumed`)
    await again.prints(/data: 3\n/)
    await channel('resumed').publish('tick', 4)
    await again.prints(/data: 4\n/)
    expect([...again.output.matchAll(/event: tick\ndata: (\d)/g)].map((match) => match[1])).toEqual([
      '2',
      '3',
      '4',
    ])
  })

  it('reads the history, and sends', async () => {
    const sent = run(
      '-H',
      'content-type: application/json',
      '-d',
      '{"b":1.0}',
      `${live}/interop/sent?event=said`,
    )
    const [, id] = await sent.prints(/^\{"id":"([^"]+)","durability":"memory"\}/)
    const read = run(`${live}/interop/sent?after=earliest&limit=100`)
    await read.prints(new RegExp(`"id":"${id}","event":"said","data":\\{"b":1\\.0\\}`))
    expect(await read.exited).toBe(0)
  })

  it('uploads bytes', async () => {
    const sent = run(
      '-H',
      'content-type: application/octet-stream',
      '--data-binary',
      'AAEC',
      `${live}/interop/bytes`,
    )
    await sent.prints(/"id"/)
    const read = run(`${live}/interop/bytes?last=1&limit=1`)
    await read.prints(/"bytes":"QUFFQw=="/)
  })
})

const python = needs('python3')

describe.skipIf(!python)('python, by its standard library alone', () => {
  const script = fileURLToPath(new URL('reader.py', import.meta.url))
  const run = (...args: string[]) => startProgram(python!, [script, ...args])

  it('reads the stream as it comes', async () => {
    const url = `${live}/interop/python`
    const position = await channel('python').position()
    await channel('python').publish('tick', { n: 1 })
    const program = run('read', url, '2', position)
    await program.prints(/^\{"event": "tick", "data": \{"n": 1\}, "id": "\S+"\}\n/)
    const { id } = await channel('python').publish('tock', 'ünï')
    await program.prints(new RegExp(`"event": "tock", .*"id": "${id}"`))
    expect(await program.exited).toBe(0)
  })

  it('sends', async () => {
    const events = channel('from-python').events({ after: 'earliest', signal: AbortSignal.timeout(15_000) })
    const program = run('send', `${live}/interop/from-python`, 'said', '{"from": "python"}')
    await program.prints(/"id"/)
    for await (const event of events) {
      expect([event.event, event.data]).toEqual(['said', { from: 'python' }])
      break
    }
  })
})

describe('wscat', () => {
  const script = fileURLToPath(import.meta.resolve('wscat/bin/wscat'))
  const run = (url: string) => startProgram(process.execPath, [script, '-c', url.replace('http', 'ws')])

  it('reads a channel from a position on', async () => {
    const position = await channel('wscat').position()
    const { id } = await channel('wscat').publish('tick', 1)
    const program = run(`${live}/interop/wscat?after=${position}`)
    await program.prints(
      new RegExp(`\\{"op":"event","channel":"interop/wscat","id":"${id}","event":"tick","data":1,`),
    )
    await channel('wscat').publish('tick', 2)
    await program.prints(/"data":2,/)
  })

  it('subscribes and sends', async () => {
    const program = run(live)
    await program.prints(/"op":"heartbeat"/)
    program.type('{"op":"subscribe","ref":1,"channel":"interop/typed"}\n')
    await program.prints(/\{"op":"ok","ref":1,"position":"/)
    program.type('{"op":"send","ref":2,"channel":"interop/typed","data":"typed"}\n')
    await program.prints(/\{"op":"ok","ref":2,"id":"/)
    await program.prints(/"op":"event","channel":"interop\/typed".*"data":"typed"/)
  })
})
