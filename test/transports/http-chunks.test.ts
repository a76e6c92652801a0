import { describe, expect, it } from 'vitest'
import { httpChunk } from '../../src/transports/http-chunks.ts'

describe('a chunk of a body', () => {
  it('says its length, in bytes, before what it carries', () => {
    expect(httpChunk(Buffer.from('data: ä\n\n')).toString()).toBe('a\r\ndata: ä\n\n\r\n')
  })

  it('is nothing for nothing: an empty chunk would end the body', () => {
    expect(httpChunk(Buffer.alloc(0)).length).toBe(0)
  })
})
