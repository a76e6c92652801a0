import { describe, expect, it } from 'vitest'
import { agreedDeflate } from '../../src/transports/websocket-handshake.ts'

const alone = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover'
const whole = `${alone}; server_max_window_bits=15`

/** What a client offers, and what it is answered (RFC 7692, section 7.1). */
const offers: readonly (readonly [offered: string | undefined, answer: string | undefined])[] = [
  [undefined, undefined],
  ['permessage-deflate', alone],
  // Chromium's, and Firefox's.
  ['permessage-deflate; client_max_window_bits', alone],
  ['permessage-deflate;client_max_window_bits=12', alone],
  ['permessage-deflate; client_max_window_bits="9"', alone],
  ['permessage-deflate; server_no_context_takeover; client_no_context_takeover', alone],
  ['permessage-deflate; server_max_window_bits=15', whole],
  // Our window is always the largest: the next offer counts, or there is none.
  ['permessage-deflate; server_max_window_bits=10', undefined],
  ['permessage-deflate; server_max_window_bits=10, permessage-deflate', alone],
  ['x-webkit-deflate-frame, permessage-deflate', alone],
  ['x-webkit-deflate-frame', undefined],
  // What is no offer is declined, as section 7.1 says.
  ['permessage-deflate; client_max_window_bits=7', undefined],
  ['permessage-deflate; client_max_window_bits=16', undefined],
  ['permessage-deflate; client_max_window_bits=08', undefined],
  ['permessage-deflate; server_max_window_bits', undefined],
  ['permessage-deflate; server_no_context_takeover=1', undefined],
  ['permessage-deflate; client_no_context_takeover; client_no_context_takeover', undefined],
  ['permessage-deflate; client_max_window_bits; client_max_window_bits=10', undefined],
  ['permessage-deflate; level=9', undefined],
]

describe('an offer of compressed messages', () => {
  it.each(offers)('%s is answered %s', (offered, answer) => {
    expect(agreedDeflate(offered)).toBe(answer)
  })
})
