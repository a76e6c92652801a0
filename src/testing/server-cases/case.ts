import type { Target } from './target.ts'

/** What a server under test has, beyond development mode, that some cases need. */
export interface ServerTraits {
  /** The server declares the `conformanceChannels`: then handlers, presence, retention and refusals are tested. */
  readonly declared?: boolean | undefined
  /** Waits of half a minute are accepted: then the time-outs of slow requests are tested. */
  readonly slow?: boolean | undefined
}

/** One point of the contract, tried on a running server. */
export interface ServerCase {
  /** Unique and stable, such as `sse/first-block`. */
  readonly id: string
  /** What must be true, as a sentence. */
  readonly title: string
  /** The section of PROTOCOL.md that says so. */
  readonly section: string
  /** Resolves when it is true, rejects when it is not, throws `Skipped` when the server cannot show it. */
  run(target: Target): Promise<void>
}

/** Thrown by a case that this server cannot show, with the reason. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
}

/** A channel of the `conformanceChannels` that no other case uses; skips the case where they are not declared. */
export function declaredChannel(target: Target, kind: string): string {
  if (!target.traits.declared) throw new Skipped('It needs a server that declares the conformanceChannels.')
  return target.channel().replace('conformance/', `declared-${kind}/`)
}

/** Makes the cases of one section and one group out of `[name, title, run]` rows. */
export function contractCases(
  group: string,
  section: string,
  rows: readonly (readonly [name: string, title: string, run: ServerCase['run']])[],
): ServerCase[] {
  return rows.map(([name, title, run]) => ({ id: `${group}/${name}`, title, section, run }))
}
