import type { Hub } from '../hub/hub.ts'
import { showLogUrl } from './log-url.ts'
import type { SettledOptions } from './options.ts'

/** What holds, for the first line of a log. Of what is secret only that it is there. */
export function configurationLine(options: SettledOptions): object {
  const { base, dev, channels, log, logs, origins, trustProxy, tokens, tickets, authenticate, limits } =
    options
  return {
    event: 'starting',
    base,
    dev,
    channels: Object.keys(channels).length,
    log: placeOf(log),
    otherLogs: Object.entries(logs)
      .map(([pattern, place]) => `${pattern} ${placeOf(place)}`)
      .join(', '),
    origins: origins.join(', '),
    trustProxy: Array.isArray(trustProxy) ? trustProxy.join(', ') : trustProxy,
    tokens: tokens !== undefined,
    tickets: tickets !== undefined,
    authenticate: authenticate !== undefined,
    heartbeatMs: options.heartbeatMs,
    pingMs: options.pingMs,
    maxConnections: Number.isFinite(limits.connections) ? limits.connections : false,
    memory: limits.memory,
  }
}

/** Where the logs stand when they are open, and what an answered send survives. */
export function openedLine({ logs }: Hub): object {
  return {
    event: 'open',
    epochs: logs.all.map(({ epoch }) => epoch).join(', '),
    durability: logs.all.map(({ log }) => log.durability).join(', '),
  }
}

function placeOf(log: SettledOptions['log']): string {
  return typeof log === 'string' ? showLogUrl(log) : `the application’s own (${log.durability})`
}
