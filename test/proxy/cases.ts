import { runServerCase, type ServerCaseResult, serverCases } from '../../src/testing/index.ts'

/**
 * Cases about bytes that never reach a server behind HAProxy 2.6: it reads the head of a request itself, refuses what
 * is malformed with an answer of its own (or mends it), and keeps the client's connection when the server closes its
 * own. They are held by the server alone: test/conformance/server.test.ts.
 */
const answeredByHaproxy: readonly string[] = [
  'bad-input/1-no-host',
  'bad-input/1-no-version',
  'bad-input/2-two-hosts',
  'bad-input/2-empty-host',
  'bad-input/2-unparsable-host',
  'bad-input/2-two-hosts-upgrade',
  'bad-input/3-absolute-target',
  'bad-input/4-long-header',
  'bad-input/5-many-headers',
  'bad-input/5-a-hundred-and-one',
  'bad-input/5-many-headers-upgrade',
  'bad-input/6-length-and-chunked',
  'bad-input/6-bare-lf',
  'bad-input/6-nul-in-header',
  'bad-input/10-declared',
  'bad-input/10-streamed',
  'bad-input/10-batch-declared',
  'bad-input/31-tls-hello',
  'bad-input/31-h2-preface',
  'bad-input/parallel',
  'bad-input/connect',
  // It goes on sending to a server that has closed, and the close frame is lost with the reset that this brings.
  'bad-frames/29-long-in-pieces',
]

/** Cases that compare with the newest position of the whole log: nothing else may be appended meanwhile. */
const wantsTheLogAlone = /^(accept|http|sse|history|websocket|reset)\//
/** So many of the others at once: they use channels of their own, and most of them wait. */
const atOnce = 6

/** Runs the chosen cases against a server behind HAProxy; those that take half a minute are left out. */
export async function runThroughHaproxy(
  url: string,
  chosen: (id: string) => boolean,
  onResult: (result: ServerCaseResult) => void = () => {},
): Promise<ServerCaseResult[]> {
  const cases = serverCases.filter(
    ({ id }) => chosen(id) && !answeredByHaproxy.includes(id) && !id.includes('slow'),
  )
  const results: ServerCaseResult[] = []
  const runAll = async (left: typeof cases): Promise<void> => {
    for (let one = left.shift(); one; one = left.shift()) {
      const result = await runServerCase(url, one, { declared: true })
      results.push(result)
      onResult(result)
    }
  }
  await runAll(cases.filter(({ id }) => wantsTheLogAlone.test(id)))
  const others = cases.filter(({ id }) => !wantsTheLogAlone.test(id))
  await Promise.all(Array.from({ length: atOnce }, () => runAll(others)))
  return results
}

/** What failed, as sentences. */
export function failuresOf(results: readonly ServerCaseResult[]): string[] {
  return results
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ id, error }) => `${id}: ${error instanceof Error ? error.message : String(error)}`)
}
