import { randomUUID } from 'node:crypto'
import { describe, it } from 'vitest'
import type { ChannelLog } from '../../src/hub/channel-log.ts'
import { type RedisLogOptions, redisLog } from '../../src/log/redis.ts'
import { runLogCases } from '../../src/testing/log-cases.ts'

/** Runs all cases on one Redis, each log under a prefix of its own. */
export function runRedisCases(place: () => RedisLogOptions): void {
  const opened = new WeakMap<ChannelLog, RedisLogOptions>()
  const open = async (options: RedisLogOptions) => {
    const log = redisLog(options)
    opened.set(log, options)
    return log
  }
  runLogCases({
    describe,
    it,
    open: (options) => open({ ...place(), prefix: randomUUID(), ...options }),
    reopen: (log) => open(opened.get(log)!),
    another: (log) => open(opened.get(log)!),
  })
}
