import { type LoadCounts, type Loader, type LoadSettings, startLoader } from './loader.ts'
import type { PublishOrder } from './publisher.ts'
import type { Publishers } from './publishers.ts'
import type { Contestant, FanOutRow, IdleRow, Load, OpenRow, ResumeRow, Row, SendRow } from './row.ts'
import { busyUs, type RunningServer, serverCore, startServer } from './server-process.ts'
import { compressed, type Subject, subjects, type Told, upgrade } from './subjects.ts'

/** What one run of one contestant gave. */
export interface Figures {
  /** The row's own figure, in its unit. */
  readonly value: number
  /** Delays from the intended sending, in milliseconds. */
  readonly latency?: {
    readonly p50: number
    readonly p99: number
    readonly p999: number
    readonly max: number
  }
  /** Bytes on the wire per event. */
  readonly bytesPerEvent?: number
  /** Share of its core that the server, and that the load program, took. Near 1 the figure is that of a full machine. */
  readonly serverShare?: number
  readonly loadShare?: number
  /** Share of the server's core that programs took which are no part of the run: they make every figure worse. */
  readonly strangersShare?: number
  /** Events that were published and did not come. */
  readonly lost?: number
}

/** What a run is given. */
export interface RunContext {
  readonly publishers: Publishers
  /** How long a fan-out is measured, in seconds. */
  readonly seconds: number
  readonly nodeFlags: readonly string[]
}

/** Measures one contestant of a row once, in processes that live for this alone. Throws when it does not do the work. */
export async function measure(row: Row, contestant: Contestant, context: RunContext): Promise<Figures> {
  const subject = subjects[contestant.subject]
  const flags = row.kind === 'idle' ? ['--expose-gc', ...context.nodeFlags] : context.nodeFlags
  const server = await startServer(subject, told(contestant), { nodeFlags: flags })
  const loader = startLoader(server.port, settingsOf(row, contestant, subject))
  const run = { server, loader, subject, contestant, ...context }
  try {
    switch (row.kind) {
      case 'fan-out':
        return await fanOut(row, run)
      case 'idle':
        return await idle(row, run)
      case 'open':
        return await opening(row, run)
      case 'resume':
        return await resume(row, run)
      case 'send':
        return await send(row, run)
    }
  } finally {
    loader.close()
    await server.stop()
  }
}

interface Run extends RunContext {
  readonly server: RunningServer
  readonly loader: Loader
  readonly subject: Subject
  readonly contestant: Contestant
}

function told({ transport, compress, native, workers }: Contestant): Told {
  return { transport, compress, native, workers }
}

function settingsOf(row: Row, contestant: Contestant, subject: Subject): LoadSettings {
  const { transport, compress } = contestant
  const opening = subject.opening(transport)
  if (row.kind === 'fan-out') {
    const { channels } = loadOf(row, contestant)
    if (!compress) return { ...opening, channels }
    return { ...compressed(opening), channels, mark: transport === 'sse' ? 'blocks' : 'frames' }
  }
  if (row.kind === 'send') return sendSettings(row, subject)
  if (row.kind === 'open' && row.by === 'subscribe') return subscribeSettings(subject)
  return opening
}

const loadOf = ({ load }: FanOutRow, contestant: Contestant): Load => ({ ...load, ...contestant.load })

async function fanOut(row: FanOutRow, run: Run): Promise<Figures> {
  const { server, loader, subject, publishers, seconds, contestant } = run
  const { subscribers, existing, warming, ...load } = loadOf(row, contestant)
  const order = { how: subject.publish, port: server.control ?? server.port, ...load }
  if (existing > 0) await fill(existing, order, run)
  if (warming > 0) await warm(warming, order, run)
  assertOpen(await loader.open(subscribers), subscribers)
  const ticksOf = (time: number): number => Math.ceil(load.ticksPerSecond * time)
  await publishers.run({ ...order, ticks: ticksOf(seconds / 2) })
  await server.quiet()
  const compress = contestant.compress === true
  const reached = load.inTurn ? subscribers / load.channels : subscribers
  const expected = reached * load.perTick * ticksOf(seconds)
  const taken = await startMeter(server, loader)
  // Blocks of a compressed stream hold several events, or a heartbeat: the time says when all have come.
  const came = loader.wait(compress ? neverReached : expected, (seconds + (compress ? 1 : 8)) * 1000)
  await publishers.run({ ...order, ticks: ticksOf(seconds) })
  const counts = await came
  const { cpu, shares } = taken(counts)
  const events = compress ? expected : counts.events
  const bytesPerEvent = counts.bytes / events
  if (compress && bytesPerEvent > load.size * 0.8) throw new Error('it does not compress')
  if (counts.events === 0) throw new Error('no event came')
  if (row.figure !== 'cpu' && events < expected) throw new Error(`${expected - events} events did not come`)
  const latency = latencyOf(counts)
  return {
    value: { cpu: cpu / events, p99: latency.p99, last: latency.max }[row.figure],
    ...(counts.stamped > 0 && { latency }),
    bytesPerEvent,
    ...shares,
    lost: Math.max(0, expected - events),
  }
}

/** Fills the log, and looks whether the channel that was served first still holds an event. */
async function fill(channels: number, order: Omit<PublishOrder, 'ticks'>, run: Run): Promise<void> {
  const { server, publishers } = run
  await publishers.run({ ...order, channels, inTurn: true, ticks: 100_000, ticksPerSecond: 50_000 })
  await server.quiet()
  const asked = await fetch(`http://127.0.0.1:${server.port}/live/c/0?last=1`, {
    headers: { accept: 'application/json' },
  })
  const { events } = (await asked.json()) as { events: unknown[] }
  if (events.length !== 1) throw new Error('the log has not kept an event of every channel')
}

/** A server that runs, and not one that was just started: what is done once a tick has been done often. */
async function warm(ticks: number, order: Omit<PublishOrder, 'ticks'>, run: Run): Promise<void> {
  const { server, loader, publishers } = run
  assertOpen(await loader.open(10), 10)
  await publishers.run({ ...order, ticks, ticksPerSecond: 1000 })
  await loader.cut()
  await server.quiet()
}

const neverReached = 1e15

interface Taken {
  /** CPU of the server, in microseconds. */
  readonly cpu: number
  readonly shares: Pick<Figures, 'serverShare' | 'loadShare' | 'strangersShare'>
}

/** Starts counting: the answer, given the load program's counts, says what was taken since. */
async function startMeter(server: RunningServer, loader: Loader): Promise<(counts: LoadCounts) => Taken> {
  const before = await loader.reset()
  const [cpu, busy, began] = [server.cpuUs(), busyUs(serverCore), performance.now()]
  return (counts) => {
    const used = server.cpuUs() - cpu
    const wallUs = (performance.now() - began) * 1000
    const shares = {
      serverShare: used / wallUs,
      loadShare: (counts.cpuUs - before.cpuUs) / wallUs,
      strangersShare: Math.max(0, (busyUs(serverCore) - busy - used) / wallUs),
    }
    return { cpu: used, shares }
  }
}

function latencyOf({ p50, p99, p999, max }: LoadCounts): NonNullable<Figures['latency']> {
  return { p50: p50 / 1000, p99: p99 / 1000, p999: p999 / 1000, max: max / 1000 }
}

function assertOpen({ open, failure }: LoadCounts, wanted: number): void {
  if (open < wanted)
    throw new Error(`${open} of ${wanted} connections opened: ${failure || 'no answer came'}`)
}

/** The first thousand pay for the program's own growth, and are not counted. */
async function idle({ connections }: IdleRow, { server, loader }: Run): Promise<Figures> {
  const first = 1000
  const settled = async (): Promise<number> => {
    await server.quiet()
    await server.collect()
    await server.quiet()
    return server.memory()
  }
  assertOpen(await loader.open(first), first)
  const before = await settled()
  assertOpen(await loader.open(connections), first + connections)
  return { value: ((await settled()) - before) / connections }
}

async function opening({ connections }: OpenRow, { server, loader }: Run): Promise<Figures> {
  const { cpu, shares } = await costOfOpening(connections, server, loader)
  return { value: connections / (cpu / 1e6), ...shares }
}

interface OpeningCost {
  /** In microseconds. */
  readonly cpu: number
  readonly shares: Taken['shares']
  readonly counts: LoadCounts
}

/** Opened before the clock starts, of everyone: a server that runs, and not one that was just started. */
const warming = 1_500
const warmingRounds = 4

/** Opens some and cuts them, so that the code is warm, then opens those that count; `events` are to come as well. */
async function costOfOpening(
  connections: number,
  server: RunningServer,
  loader: Loader,
  events = 0,
): Promise<OpeningCost> {
  for (let i = 0; i < warmingRounds; i++) {
    assertOpen(await loader.open(warming), warming)
    await loader.wait(events === 0 ? 0 : (events / connections) * warming, 5_000)
    await loader.cut()
    await server.quiet()
  }
  const taken = await startMeter(server, loader)
  const opened = await loader.open(connections)
  assertOpen(opened, connections)
  const counts = await loader.wait(events, 20_000)
  await server.quiet()
  const { cpu, shares } = taken(counts)
  return { cpu, shares, counts }
}

async function resume({ readers, missed, contestants }: ResumeRow, run: Run): Promise<Figures> {
  const { server, loader, subject, publishers, contestant } = run
  const comesBack = contestant === contestants[0]
  const asked = await fetch(`http://127.0.0.1:${server.port}/live/c/0?limit=1`, {
    headers: { accept: 'application/json' },
  })
  const { position } = (await asked.json()) as { position: string }
  const order = {
    how: subject.publish,
    port: server.control!,
    ticksPerSecond: 500,
    perTick: 1,
    channels: 1,
    inTurn: false,
    size: 100,
  }
  await publishers.run({ ...order, ticks: missed })
  await server.quiet()
  const { request } = subject.opening(contestant.transport)
  if (comesBack) await loader.set({ request: request.replace('/c/{i}', `/c/0?after=${position}`) })
  const events = comesBack ? readers * missed : 0
  const { cpu, shares, counts } = await costOfOpening(readers, server, loader, events)
  return { value: cpu / readers, ...shares, lost: Math.max(0, events - counts.events) }
}

const body = JSON.stringify({ text: 'x'.repeat(86) })

/** Settings of those who send: the request once connected opens the line, and each send is answered. */
function sendSettings({ over }: SendRow, { name }: Subject): LoadSettings {
  if (over === 'http') {
    const path = name === 'fairlead' ? '/live/inbox?event=say' : '/say'
    const head = `POST ${path} HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\nContent-Type: application/json\\r\\n`
    const send = `${head}Content-Length: ${body.length}\\r\\n\\r\\n${body}`
    return { request: '', send, mark: name === 'fairlead' ? 'HTTP/1.1 201' : 'HTTP/1.1 200' }
  }
  const say = `{"op":"send","ref":{n},"channel":"inbox","event":"say","data":${body}}`
  if (name === 'fairlead') return { request: upgrade('/live'), send: say, frame: true, mark: '"op":"ok"' }
  const { request, hello = '', ready = '' } = subjects['socket.io'].opening('websocket')
  return { request, hello, ready, send: `42{n}["say",${body}]`, frame: true, mark: '{"id":' }
}

function subscribeSettings({ name, opening }: Subject): LoadSettings {
  if (name !== 'fairlead') {
    return {
      ...opening('websocket'),
      request: upgrade('/answer'),
      hello: 'subscribe c/0',
      ready: 'subscribe c/0',
    }
  }
  const hello = '{"op":"subscribe","ref":1,"channel":"c/{i}"}'
  return { request: upgrade('/live'), hello, ready: '"op":"ok"' }
}

async function send({ over, sends }: SendRow, { server, loader }: Run): Promise<Figures> {
  const [connections, window] = over === 'http' ? [64, 1] : [1, 64]
  assertOpen(await loader.open(connections), connections)
  // No pause before the clock starts: a server may close a connection that says nothing.
  await loader.sends(sends / 2, window, 20_000)
  const taken = await startMeter(server, loader)
  const counts = await loader.sends(sends, window, 30_000)
  const { cpu, shares } = taken(counts)
  if (counts.events < sends)
    throw new Error(`${counts.events} of ${sends} sends were answered: ${counts.failure || 'no answer came'}`)
  return { value: sends / (cpu / 1e6), ...shares }
}
