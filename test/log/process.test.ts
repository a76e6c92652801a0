import { afterAll, describe, it } from 'vitest'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { ProcessLog } from '../../src/log/process/process-log.ts'
import { ProcessPresence } from '../../src/log/process/process-presence.ts'
import { runLogCases } from '../../src/testing/log-cases.ts'
import { runPresenceCases } from '../../src/testing/presence-cases.ts'
import { HostProcess } from './process-lines.ts'

const primary = new HostProcess()
const pass = (ms: number) => primary.order({ do: 'pass', ms })

afterAll(() => void primary.child.kill())

describe('a log in another process holds what every log promises', () => {
  const hosts = new WeakMap<ChannelLog, number>()
  const connect = async (host: number) => {
    const log = new ProcessLog(await primary.connect(host))
    hosts.set(log, host)
    return log
  }

  runLogCases({
    describe,
    it,
    open: async (options) => connect(await primary.open(options)),
    reopen: 'it lasts as long as the log of the primary, which here is in memory',
    another: async (log) => connect(hosts.get(log)!),
    pass,
  })
})

describe('presence in another process holds what every presence store promises', () => {
  runPresenceCases({
    describe,
    it,
    open: async (options) => new ProcessPresence(await primary.connect(await primary.open({}, options))),
    pass,
  })
})
