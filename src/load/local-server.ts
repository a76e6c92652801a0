import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A server's process on this machine, as the operating system sees it. Linux only. */
export interface LocalServer {
  readonly pid: number
  /** CPU time of its threads so far, in microseconds; `undefined` when it has ended. */
  cpuUs(): number | undefined
  /** Resident memory, in bytes. */
  memory(): number | undefined
}

/** The process that listens on a port of this machine; `undefined` when there is none, or it cannot be seen from here. */
export function findLocalServer(port: number): LocalServer | undefined {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeners(table, port)))
  if (sockets.size === 0) return undefined
  const pid = names('/proc').find((name) => /^\d+$/.test(name) && holds(name, sockets))
  return pid === undefined ? undefined : describe(Number(pid))
}

/** The inodes of the sockets that listen on a port: fields 2, 4 and 10 of proc(5), `/proc/net/tcp`. */
function listeners(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  return read(`/proc/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hexPort}`))
    .map((fields) => `socket:[${fields[9]}]`)
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  return names(`/proc/${pid}/fd`).some((fd) => {
    try {
      return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
    } catch {
      return false // Closed meanwhile.
    }
  })
}

function describe(pid: number): LocalServer {
  return {
    pid,
    cpuUs() {
      const times = names(`/proc/${pid}/task`).map((task) => {
        // Time on a processor in nanoseconds, without the error of clock ticks.
        return Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1000
      })
      return times.length === 0 ? undefined : times.reduce((sum, time) => sum + time, 0)
    },
    memory() {
      const kilobytes = /VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1]
      return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
    },
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // It ended, or belongs to someone else.
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
