import { afterAll, beforeAll, describe, it } from 'vitest'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { type NatsLogOptions, natsLog } from '../../src/log/nats.ts'
import { runLogCases } from '../../src/testing/log-cases.ts'

/** Runs every case of a log on streams of a real server, which `start` starts. */
export function runNatsCases(
  start: () => Promise<{ readonly url: string; stop(): Promise<void> }>,
  base: NatsLogOptions = {},
): void {
  let server: { readonly url: string; stop(): Promise<void> }
  let streams = 0
  const optionsOf = new WeakMap<ChannelLog, NatsLogOptions>()

  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  const opened = (options: NatsLogOptions): ChannelLog => {
    const log = natsLog(options)
    optionsOf.set(log, options)
    return log
  }

  runLogCases({
    describe,
    it,
    open: async (options) => {
      const stream = `log-${streams++}`
      return opened({ bytes: 64 * 1024 * 1024, ...base, ...options, servers: server.url, stream })
    },
    reopen: async (closed) => opened(optionsOf.get(closed)!),
    another: async (open) => opened(optionsOf.get(open)!),
  })
}
