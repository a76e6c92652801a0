import type { ServeConfig } from '../../config/index.ts'
import { showLogUrl } from '../../server/log-url.ts'
import type { Terminal } from '../terminal.ts'
import { workerCount } from './worker-count.ts'

/** What a person reads when a server has started; the first line says development mode plainly. */
export function banner(config: ServeConfig, url: string, terminal: Pick<Terminal, 'style'>): string {
  return config.dev ? devBanner(config, url, terminal) : plainBanner(config, url)
}

function devBanner(
  { base, ...config }: ServeConfig,
  url: string,
  { style }: Pick<Terminal, 'style'>,
): string {
  const channel = `${url}${base}/demo`
  return [
    style(
      'yellow',
      'Development mode: anyone on this machine may read and send every channel. Not for production.',
    ),
    '',
    'In a browser:',
    `  ${style('cyan', `${url}/`)}`,
    '',
    'In two terminals:',
    `  curl -N ${channel}`,
    `  curl -d '{"hello":"world"}' -H 'content-type: application/json' '${channel}?event=greeting'`,
    '',
    'In a page of your own, and over WebSocket:',
    `  new EventSource('${channel}').addEventListener('greeting', (e) => console.log(e.data))`,
    `  npx fairlead tail ${url}${base} demo --transport websocket`,
    '',
    style('dim', `Ctrl-C stops it. ${keeping(config)}${processes(config)}`),
  ].join('\n')
}

function plainBanner({ base, channels = {}, ...config }: ServeConfig, url: string): string {
  const names = Object.keys(channels)
  return [
    `Fairlead serves ${url}${base}`,
    `Channels: ${names.length === 0 ? 'none' : names.join(', ')}`,
    `${keeping(config)}${processes(config)}`,
  ].join('\n')
}

function keeping({ log }: Pick<ServeConfig, 'log'>): string {
  if (typeof log !== 'string') return 'Events are kept in the log of the configuration.'
  return log === 'memory' ? 'Events are kept in memory only.' : `Events are kept in ${showLogUrl(log)}.`
}

function processes(config: Pick<ServeConfig, 'workers'>): string {
  const count = workerCount(config)
  return count === 1 ? '' : ` ${count} workers share the port.`
}
