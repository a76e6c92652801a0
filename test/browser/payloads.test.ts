import { expect } from 'vitest'
import type { TransportName } from '../../src/client/index.ts'
import { ClientPage } from './client-page.ts'
import type { Page } from './driver.ts'
import { NativeEventSource } from './event-source.ts'
import { type BrowserCase, inEachBrowser, type Stage, seen } from './stage.ts'

type Kind = 'text' | 'bytes'

interface Sample {
  readonly kind: Kind
  readonly size: number
}

/** The lengths at which a WebSocket's length field changes its form, the ends, and one that takes many packets. */
const sizes = [0, 1, 125, 126, 65_535, 65_536, 200 * 1024]
const samples: readonly Sample[] = sizes.flatMap((size) => [
  { kind: 'text', size },
  { kind: 'bytes', size },
])
const transports: readonly TransportName[] = ['sse', 'websocket', 'long-poll']

declare global {
  interface Window {
    sample: typeof sample
    /** What came down, by comparison with what should have: `text of 125`, or what was wrong with it. */
    came: string[]
    judge: typeof judge
  }
}

/** The same here and in the page. Text holds quotes and backslashes; bytes hold every value. */
function sample({ kind, size }: Sample): string | Uint8Array {
  if (kind === 'bytes') return Uint8Array.from({ length: size }, (_, i) => (i * 31) % 256)
  return Array.from({ length: size }, (_, i) => String.fromCharCode(32 + (i % 95))).join('')
}

/** Runs in the page, too. What `sample` made is told by its name; anything else by how it looks. */
function judge(data: unknown): string {
  const kind = typeof data === 'string' ? 'text' : data instanceof Uint8Array ? 'bytes' : undefined
  if (!kind) return `neither text nor bytes: ${typeof data}`
  const { length } = data as string | Uint8Array
  const expected = window.sample({ kind, size: length })
  for (let i = 0; i < length; i++) {
    if ((data as string)[i] !== (expected as string)[i]) return `${kind} of ${length}, wrong at ${i}`
  }
  return `${kind} of ${length}`
}

const names = samples.map(({ kind, size }) => `${kind} of ${size}`)

async function openPage(stage: Stage, url: string): Promise<Page> {
  const page = await stage.open(url)
  await page.evaluate(
    (functions) => {
      for (const [name, text] of Object.entries(functions)) {
        // A function crosses into the page as its text.
        Object.assign(window, { [name]: new Function(`return ${text}`)() })
      }
      window.came = []
    },
    { sample: String(sample), judge: String(judge) },
  )
  return page
}

/** What came down, once there is as much as there are samples. */
async function allThatCame(page: Page): Promise<string[]> {
  await seen(
    () => page.evaluate(() => window.came.length),
    (count) => count >= samples.length,
    `${samples.length} payloads`,
  )
  return page.evaluate(() => window.came)
}

const cases: readonly BrowserCase[] = [
  ...transports.flatMap((transport): BrowserCase[] => [
    {
      name: `come down to the client over ${transport} as they were published`,
      async run(stage) {
        const site = await stage.site()
        const page = await openPage(stage, `${site.url}/client`)
        const client = await ClientPage.open(page, ['quiet'], { transport })
        await page.evaluate(() => {
          window.client
            .channel('down', { after: 'earliest' })
            .on('*', (data) => window.came.push(window.judge(data)))
        })
        for (const one of samples) await site.fairlead.channel('down').publish(one.kind, sample(one))
        expect(await allThatCame(page)).toEqual(names)
        await client.reads(transport)
      },
    },
    {
      name: `go up from the client over ${transport} as they were sent, and come round`,
      async run(stage) {
        const site = await stage.site()
        const page = await openPage(stage, `${site.url}/client`)
        const client = await ClientPage.open(page, ['up'], { transport })
        await page.evaluate(() => {
          window.client.channel('up').on('*', (data) => window.came.push(window.judge(data)))
        })
        const up = site.fairlead.channel('up')
        for (const one of samples) {
          const id = await page.evaluate(async (one) => {
            const { id } = await window.client.channel('up').send(one.kind, window.sample(one))
            return id
          }, one)
          const { events } = await up.history({ last: 1 })
          expect(events[0]?.id).toBe(id)
          // Not by `toEqual`: its message would be the payload.
          const stored = events[0]?.data as string | Uint8Array
          expect(Buffer.compare(Buffer.from(stored), Buffer.from(sample(one)))).toBe(0)
          expect(stored instanceof Uint8Array).toBe(one.kind === 'bytes')
        }
        expect(await allThatCame(page)).toEqual(names)
        await client.reads(transport)
      },
    },
  ]),
  {
    name: 'come down to a native EventSource as they were published',
    async run(stage) {
      const site = await stage.site()
      const page = await openPage(stage, `${site.url}/`)
      const source = await NativeEventSource.open(page, '/live/down', [])
      await page.evaluate(() => {
        const bytes = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer())
        window.source.addEventListener('text', ({ data }) => window.came.push(window.judge(JSON.parse(data))))
        window.source.addEventListener('bytes', ({ data }) => {
          void bytes(data).then((value) => window.came.push(window.judge(value)))
        })
      })
      await source.seen('$heartbeat')
      for (const one of samples) await site.fairlead.channel('down').publish(one.kind, sample(one))
      // Bytes are got from their URL, which takes its time: they come in any order.
      expect((await allThatCame(page)).sort()).toEqual([...names].sort())
    },
  },
]

inEachBrowser('payloads of every size', cases)
