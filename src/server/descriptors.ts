import { readdirSync, readFileSync } from 'node:fs'

/** Kept back for the operations' port, the log, files and names that are looked up: a process without any is blind. */
const keptBack = 32

/**
 * How many connections this process can hold beside what it has open, before its descriptors run out; `undefined`
 * where the system does not say. Past it a connection is closed at once, and those that are there go on.
 */
export function connectionsAllowed(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    if (soft === undefined) return undefined
    return Math.max(1, Number(soft) - readdirSync('/proc/self/fd').length - keptBack)
  } catch {
    return undefined // No `/proc`: not Linux.
  }
}
