import type { Logger } from '../../src/index.ts'

/** How pino declares the functions of its logger. */
interface PinoLevel {
  <T, M extends string = string>(obj: T, msg?: T extends string ? never : M, ...args: unknown[]): void
  <M extends string = string>(msg: M, ...args: unknown[]): void
}
declare const pino: { debug: PinoLevel; info: PinoLevel; warn: PinoLevel; error: PinoLevel; fatal: PinoLevel }

export const fromPino: Logger = pino
export const fromConsole: Logger = console
