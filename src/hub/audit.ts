import type { ByeReason, FairleadError } from '../protocol/index.ts'
import type { Action } from './authorise.ts'
import type { Logger } from './logger.ts'

/** Who is behind a session, as far as a line says it. */
export interface Person {
  readonly user: string | undefined
  readonly client: string | undefined
  readonly address: string | undefined
}

/** The part of a session that lines are written about. */
interface Asker {
  readonly person: Person
}

/** Denials of one session beyond so many are not told apart any more, and not written. */
const deniedPerSession = 100

/** Codes that say something about who asks and from where: what an auditor looks for. */
const auditCodes: ReadonlySet<string> = new Set([
  'auth_required',
  'forbidden',
  'invalid_token',
  'origin_not_allowed',
  'host_not_allowed',
])

/**
 * The lines about who was let in and who was not, who was cut and on whose order: names, codes and addresses, never a
 * credential and never a payload.
 */
export class Audit {
  readonly #logger: Logger
  /** A denial is written where it is decided; the refusal that it becomes is not written again. */
  readonly #written = new WeakSet<FairleadError>()
  /** What a session was denied: it may ask three times while one request is answered. */
  readonly #denied = new WeakMap<Asker, Set<string>>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Someone may not do this on this channel. One line for each session, action and channel. */
  denied(session: Asker, action: Action, channel: string, error: FairleadError): void {
    this.#written.add(error)
    const known = this.#denied.get(session) ?? new Set()
    this.#denied.set(session, known)
    const what = JSON.stringify([action, channel])
    if (known.has(what) || known.size >= deniedPerSession) return
    known.add(what)
    const fields = { event: 'denied', code: error.code, action, channel, ...session.person }
    this.#logger.warn(fields, 'permission denied')
  }

  /** A request or message was refused; `where` says what of, such as its transport, method and path. */
  refused(error: FairleadError, where: object): void {
    if (this.#written.has(error)) return
    const fields = { event: 'refused', code: error.code, ...where }
    if (auditCodes.has(error.code)) this.#logger.warn(fields, 'refused')
    else this.#logger.info(fields, 'refused')
  }

  /** A running stream lost the permission to read a channel. */
  lost(session: Asker, channel: string): void {
    this.#logger.info(
      { event: 'permission_lost', channel, ...session.person },
      'a reader lost its permission',
    )
  }

  /** The server ended a stream. A drain ends all of them: it has a line of its own. */
  ended(session: Asker, reason: ByeReason): void {
    if (reason === 'drain') return
    const fields = { event: 'ended', reason, ...session.person }
    if (reason === 'slow') this.#logger.warn(fields, 'a reader that had stopped reading was cut')
    else this.#logger.info(fields, 'a stream was ended')
  }

  /** An order of this or another server was carried out here. */
  ordered(order: object, connections: number): void {
    this.#logger.warn(
      { event: 'order', ...order, connections },
      'an order to end connections was carried out',
    )
  }
}
