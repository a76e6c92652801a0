import type { SseEvent } from '../../src/protocol/index.ts'

/** What a reader must make of a stream (HTML standard, 9.2.5 and 9.2.6), wherever its bytes are cut. */
export interface SseVector {
  name: string
  bytes: Uint8Array
  events: SseEvent[]
  retries?: number[]
  /** The id that a reconnect would send; the last event's own unless it says otherwise. */
  lastEventId?: string
  /** Blocks that dispatch nothing, by their lines. */
  ignored?: string[][]
}

/** Bytes from text, in which `\xNN` above 0x7f stands for itself as one byte. */
function raw(text: string): Uint8Array {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0))
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function message(data: string, lastEventId = '', event = 'message'): SseEvent {
  return { event, data, lastEventId }
}

const bom = '\xef\xbb\xbf'

/** Rows 1 to 23 of the list of wire cases (row 24, the size bound, is a test of its own), and more of the same kind. */
export const sseVectors: SseVector[] = [
  { name: '1: one BOM is stripped', bytes: raw(`${bom}data:1\n\n`), events: [message('1')] },
  {
    name: '2: a second BOM is content',
    bytes: raw(`${bom}${bom}data:1\n\ndata:2\n\n`),
    events: [message('2')],
    ignored: [['\ufeffdata:1']],
  },
  {
    name: '3: CR, CRLF and LF end a line alike',
    bytes: raw('data:1\rdata:2\r\ndata:3\n\n'),
    events: [message('1\n2\n3')],
  },
  { name: '4: CRLF is one line end', bytes: raw('data:1\r\ndata:2\n\n'), events: [message('1\n2')] },
  { name: '5: a final CR ends a block', bytes: raw('data:1\r\r'), events: [message('1')] },
  { name: '6: a field without a colon is empty', bytes: raw('data\n\n'), events: [message('')] },
  { name: '7: two empty data fields are one LF', bytes: raw('data\ndata\n\n'), events: [message('\n')] },
  { name: '8: an empty data field dispatches', bytes: raw('data:\n\n'), events: [message('')] },
  {
    name: '9a: a block without data dispatches nothing, and its type is forgotten',
    bytes: raw('event:x\n\ndata:1\n\n'),
    events: [message('1')],
    ignored: [['event:x']],
  },
  { name: '9b: an empty type is message', bytes: raw('event:\ndata:1\n\n'), events: [message('1')] },
  { name: '10: one leading space is removed', bytes: raw('data:  a\n\n'), events: [message(' a')] },
  { name: '11: comments are ignored', bytes: raw(':\n:x\ndata:1\n\n'), events: [message('1')] },
  { name: '12: an unfinished block is discarded', bytes: raw('data:1'), events: [] },
  { name: '12: so is one that lacks only its blank line', bytes: raw('data:1\n'), events: [] },
  {
    name: '13: an id stays',
    bytes: raw('id:1\ndata:a\n\ndata:b\n\n'),
    events: [message('a', '1'), message('b', '1')],
  },
  {
    name: '14a: an id without a colon resets it',
    bytes: raw('id:1\ndata:a\n\nid\ndata:b\n\n'),
    events: [message('a', '1'), message('b')],
  },
  {
    name: '14b: an empty id resets it',
    bytes: raw('id:1\ndata:a\n\nid:\ndata:b\n\n'),
    events: [message('a', '1'), message('b')],
  },
  { name: '15: an id with NUL is ignored', bytes: raw('id:a\0b\ndata:1\n\n'), events: [message('1')] },
  {
    name: '15: and leaves the one before it',
    bytes: raw('id:7\nid:a\0b\ndata:1\n\n'),
    events: [message('1', '7')],
  },
  {
    name: '16: an id without data dispatches nothing but counts',
    bytes: raw('id:7\n\n'),
    events: [],
    lastEventId: '7',
    ignored: [['id:7']],
  },
  {
    name: '16: but not before its block ends',
    bytes: raw('id:7\n\nid:8\n'),
    events: [],
    lastEventId: '7',
    ignored: [['id:7']],
  },
  { name: '17: retry', bytes: raw('retry:1000\n'), events: [], retries: [1000] },
  {
    name: '18: a retry that is not all digits is ignored',
    bytes: raw('retry:1000x\nretry:\nretry:-1\nretry:1.5\nretry\nretry: 1e3\nretry:  5\n'),
    events: [],
  },
  { name: '19: NUL stands in data', bytes: raw('data:\0\n\n'), events: [message('\0')] },
  {
    name: '20: characters of two, three and four bytes',
    bytes: utf8('event:é\ndata:é€😀\n\nid:😀\ndata:\u2028\u0085\n\n'),
    events: [message('é€😀', '', 'é'), message('\u2028\u0085', '😀')],
  },
  { name: '21: a bad byte is U+FFFD', bytes: raw('data:\xff\n\n'), events: [message('\ufffd')] },
  {
    name: '21: a character broken off by a line end',
    bytes: raw('data:\xe2\x82\n\n'),
    events: [message('\ufffd')],
  },
  {
    name: '22: names are case sensitive, unknown fields ignored',
    bytes: raw('Data:1\n\n data:1\n\nfoo:1\n\ndata :1\n\n'),
    events: [],
    ignored: [['Data:1'], [' data:1'], ['foo:1'], ['data :1']],
  },
  {
    name: '23: the type is of one block only',
    bytes: raw('event:a\ndata:1\n\ndata:2\n\n'),
    events: [message('1', '', 'a'), message('2')],
  },
  {
    name: 'CR alone throughout',
    bytes: raw('id:1\revent:a\rdata:x\rdata:y\r\rdata:z\r\r'),
    events: [message('x\ny', '1', 'a'), message('z', '1')],
  },
  {
    name: 'CRLF throughout',
    bytes: raw('id:1\r\nevent:a\r\ndata:x\r\n\r\ndata:z\r\n\r\n'),
    events: [message('x', '1', 'a'), message('z', '1')],
  },
  {
    name: 'LF then CR are two line ends',
    bytes: raw('data:1\n\rdata:2\n\r'),
    events: [message('1'), message('2')],
  },
  {
    name: 'CR CR LF is two line ends',
    bytes: raw('data:1\r\r\ndata:2\r\r\n'),
    events: [message('1'), message('2')],
  },
  {
    name: 'the last type counts',
    bytes: raw('event:a\nevent:b\ndata:1\n\n'),
    events: [message('1', '', 'b')],
  },
  { name: 'a colon in a value', bytes: raw('data:a:b: c\n\n'), events: [message('a:b: c')] },
  { name: 'a BOM later is content', bytes: raw(`data:${bom}1\n\n`), events: [message('\ufeff1')] },
  {
    name: 'a retry beyond what a timer takes',
    bytes: raw(`retry:${'9'.repeat(400)}\n`),
    events: [],
    retries: [2 ** 31 - 1],
  },
  { name: 'blank lines alone', bytes: raw('\n\n\r\n\r\r\n'), events: [] },
  {
    name: 'the names of an object are no fields',
    bytes: raw('__proto__:1\nconstructor:2\ndata:3\n\n'),
    events: [message('3')],
  },
  {
    name: 'an example printed on one line dispatches nothing',
    bytes: raw('event: new_order data: {"id": 123}\n\n'),
    events: [],
    ignored: [['event: new_order data: {"id": 123}']],
  },
]
