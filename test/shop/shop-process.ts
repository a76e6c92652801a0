import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The live shop as a process of its own, as `npm start` runs it. */
export interface ShopProcess extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
}

const folder = fileURLToPath(new URL('../../examples/shop/', import.meta.url))

/** How a shop is started. */
export interface ShopProcessOptions {
  /** @default a free one */
  readonly port?: number
  /** As `--log` names it. @default 'memory' */
  readonly log?: string
  /** Runs it in earnest, with this key. @default development mode */
  readonly key?: string | undefined
}

/** Starts the shop. Nothing is delivered after the opening day. */
export async function startShop(options: ShopProcessOptions = {}): Promise<ShopProcess> {
  const { port = 0, log = 'memory', key } = options
  const flags = ['--port', String(port), '--restock', '0', '--log', log]
  if (key !== undefined) flags.push('--secure')
  const args = ['--import', 'tsx', 'server/main.ts', ...flags]
  const env = key === undefined ? process.env : { ...process.env, SHOP_KEY: key }
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const killAtExit = () => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  child.once('exit', () => process.off('exit', killAtExit))
  const url = await bannerUrl(child)
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }
  return { url, port: Number(new URL(url).port), kill, [Symbol.asyncDispose]: kill }
}

/** Posts to the shop's own API; answers the status and the body. */
export async function post(
  url: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

/** Reads from the shop's own API. */
export async function get<T>(url: string, headers: Readonly<Record<string, string>> = {}): Promise<T> {
  return (await fetch(url, { headers })).json() as Promise<T>
}

async function bannerUrl(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr!.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000)
  try {
    for await (const line of createInterface({ input: child.stdout! })) {
      const url = /Storefront\s+(\S+)/.exec(line)?.[1]
      if (url) return url
    }
  } finally {
    clearTimeout(deadline)
    child.stdout!.resume()
  }
  throw new Error(`The shop did not open.\n${said}`)
}
