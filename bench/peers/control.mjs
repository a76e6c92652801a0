// What every peer in Node shares: where it is told to publish, and how it says where it listens. A line of the control
// connection is `FROM TO COUNT SIZE STAMP`: COUNT events of SIZE bytes to each channel from FROM to before TO, all in
// one turn of the loop. It is the cheapest way in that we know, and the same for all, so what is measured is going out.
import { createServer } from 'node:net'

/** What the process was told: `{ transport, compress }`. */
export const told = JSON.parse(process.argv[2] ?? '{}')

/** An event's payload: with its stamp and padding it is `size` bytes of JSON. */
export function payload(size, stamp) {
  const pad = filler.slice(0, size - 37)
  return { at: `@${stamp}`, pad }
}

// Words, for the rows that compress; the others do not care.
const words =
  'order stock price visitor cart bid ask trade ticket room reader event channel offset epoch'.split(' ')
let filler = ''
for (let i = 7; filler.length < 20_000; i = (i * 16807) % 2147483647)
  filler += `${words[i % words.length]} ${i % 977} `

/** Listens for control lines and prints where everything is. `publish(channel, payload)` gives one event to one channel. */
export function serveControl(port, publish) {
  const control = createServer((socket) => {
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('error', () => {})
    let rest = ''
    socket.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()
      for (const line of lines) carryOut(line, publish, socket)
    })
  })
  control.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify({ port, control: control.address().port })}\n`)
  })
}

function carryOut(line, publish, socket) {
  if (line === 'gc') {
    for (let i = 0; i < 3; i++) globalThis.gc?.()
    socket.write('done\n')
    return
  }
  const [from, to, count, size, stamp] = line.split(' ')
  const event = payload(Number(size), stamp)
  for (let channel = Number(from); channel < Number(to); channel++) {
    for (let i = 0; i < Number(count); i++) publish(channel, event)
  }
}

// Asked to end, it ends as a program does: a profile is written then.
process.on('SIGTERM', () => process.exit(0))
