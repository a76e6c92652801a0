export type ExternalTool =
  | 'chromium'
  | 'firefox'
  | 'python3'
  | 'curl'
  | 'cc'
  | 'redis'
  | 'nats'
  | 'haproxy'
  | 'nginx'
  | 'strace'
  | 'faketime'
  | 'promtool'
export declare const externalTools: Record<ExternalTool, { commands: string[]; apt: string; for: string }>
export declare function findTool(
  name: ExternalTool,
  env?: Record<string, string | undefined>,
): string | undefined
