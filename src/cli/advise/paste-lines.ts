import type { NamedFlow, PageAdvice } from '../../advisor/index.ts'

/** The lines of configuration that say to server and client what was advised. */
export function pasteLines({ plan }: PageAdvice, flows: readonly NamedFlow[]): string[] {
  return [
    '// where the channels are declared',
    'defineChannels({',
    ...[...byChannel(flows)].map(
      ([channel, declared]) => `  ${key(channel)}: { flow: ${flowLine(declared)} },`,
    ),
    '})',
    ...(plan.ladder.length === 0
      ? []
      : [
          '// in the page',
          `connect(url, { transport: [${plan.ladder.map((name) => `'${name}'`).join(', ')}] })`,
        ]),
  ]
}

/** A channel may have two flows: what comes down and what goes up. */
function byChannel(flows: readonly NamedFlow[]): Map<string, NamedFlow['inputs']> {
  const channels = new Map<string, NamedFlow['inputs']>()
  for (const { channel, inputs } of flows) {
    const before = channels.get(channel)
    const direction =
      before?.direction !== undefined && before.direction !== inputs.direction ? 'both' : inputs.direction
    channels.set(channel, { ...before, ...inputs, direction })
  }
  return channels
}

function flowLine({ direction, latencyMs, binary, order, ...inputs }: NamedFlow['inputs']): string {
  const parts = [
    direction !== 'up' && wayText('down', inputs.downRate, inputs.downBytes),
    direction !== 'down' && wayText('up', inputs.upRate, inputs.upBytes),
    latencyMs !== undefined && `latencyMs: ${latencyMs}`,
    binary !== undefined && binary !== 'none' && `binary: '${binary}'`,
    order !== undefined && order !== 'per-flow' && `order: '${order}'`,
  ].filter(Boolean)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

function wayText(way: string, rate: number | undefined, bytes: number | undefined): string | undefined {
  if (rate === undefined) return undefined
  return `${way}: { perSecond: ${Number(rate.toPrecision(3))}${bytes === undefined ? '' : `, bytes: ${Math.round(bytes)}`} }`
}

function key(channel: string): string {
  return /^[A-Za-z_]\w*$/.test(channel) ? channel : `'${channel.replace(/['\\]/g, '\\$&')}'`
}
