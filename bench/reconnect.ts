import { parseArgs } from 'node:util'
import type { LoadTransport } from '../src/load/subscribers.ts'
import { type Reconnect, reconnect } from './log-reads.ts'

/**
 * `tsx bench/reconnect.ts [--readers 2000] [--missed 100] [--json]`: how often the log is read when many readers that
 * missed the same events come back at once, beside a tenth of the readers. The two numbers of a transport are to be
 * about the same: what is read is shared.
 */
const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '2000' },
    missed: { type: 'string', default: '100' },
    json: { type: 'boolean', default: false },
  },
})

const transports: readonly LoadTransport[] = ['sse', 'websocket', 'long-poll']
const readers = Number(values.readers)
const missed = Number(values.missed)

const rows: (Reconnect & { transport: LoadTransport })[] = []
for (const transport of transports) {
  for (const count of [Math.ceil(readers / 10), readers]) {
    rows.push({ transport, ...(await reconnect(transport, count, missed)) })
  }
}

if (values.json) console.log(JSON.stringify(rows, null, 2))
else {
  console.log(`Readers of one channel that missed ${missed} events each come back at once.\n`)
  console.log(
    '| transport | readers | reads of the log | received of missed | ms |\n| --- | --- | --- | --- | --- |',
  )
  for (const { transport, readers, reads, received, missed, milliseconds } of rows) {
    const cells = [transport, readers, reads, `${received} of ${missed}`, Math.round(milliseconds)]
    console.log(`| ${cells.join(' | ')} |`)
  }
}
