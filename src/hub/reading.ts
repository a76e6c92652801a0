import { type History, type HistoryRequest, readHistory } from './history.ts'
import type { Admitted } from './permissions.ts'
import type { Session } from './session.ts'
import { readSpanning, type SpanningHistory } from './spanning-history.ts'

/** Reads channels of one log, for a session that says who asks. */
export function readOnce(
  session: Session,
  channels: readonly string[],
  asked: HistoryRequest,
): Promise<History> {
  const { logs, clock } = session.hub
  const request = whileValid(session, asked)
  return read(session, channels, request, (open) => readHistory(logs.ofAll(open), clock, open, request))
}

/** The same for channels that may lie in several logs. */
export function readSpan(
  session: Session,
  channels: readonly string[],
  asked: HistoryRequest,
): Promise<SpanningHistory> {
  const { logs, clock } = session.hub
  const request = whileValid(session, asked)
  return read(session, channels, request, (open) => readSpanning(logs, clock, open, request))
}

/** A poll waits no longer than its credentials last. */
function whileValid({ permissions }: Session, request: HistoryRequest): HistoryRequest {
  return request.waitMs
    ? { ...request, waitMs: Math.max(1, Math.min(request.waitMs, permissions.validMs)) }
    : request
}

async function read<H>(
  session: Session,
  channels: readonly string[],
  { client, waitMs }: HistoryRequest,
  work: (open: readonly string[]) => Promise<H>,
): Promise<H & Pick<Admitted, 'denied'>> {
  session.share?.say()
  const { open, denied } = await session.admit(channels)
  if (waitMs) session.connect()
  session.reads(open, client)
  if (waitMs) session.hub.sessions.add(session)
  const history = await work(open).finally(() => {
    session.hub.sessions.delete(session)
    if (waitMs) session.share?.close()
  })
  // A poll may have been parked for long: what it waited for is not for who lost permission meanwhile.
  if (waitMs) for (const channel of open) await session.assertAllowed('read', channel)
  return { ...history, denied }
}
