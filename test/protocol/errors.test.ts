import { describe, expect, it } from 'vitest'
import {
  type ErrorCode,
  errorStatus,
  FairleadError,
  isFairleadError,
  isTemporary,
  statusOf,
} from '../../src/protocol/index.ts'

const codes = Object.keys(errorStatus) as ErrorCode[]

describe('every code', () => {
  it.each(codes)('%s', (code) => {
    const error = new FairleadError(code, 'What to do.')
    expect(error.code).toBe(code)
    expect(error.message).toBe('What to do.')
    expect(code).toMatch(/^[a-z]+(_[a-z0-9]+)*$/)
    const status = statusOf(code)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    // A status alone must tell a client the same as the code does: an intermediary may have eaten the body.
    expect(error.temporary).toBe(status === 429 || status === 503)
    expect(isTemporary(code)).toBe(error.temporary)
  })
})

describe('the error class', () => {
  it('is told by its name, across copies of the package', () => {
    const error = new FairleadError('conflict', 'Newer.', { position: 'k3f9.42', cause: 'why' })
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe('FairleadError')
    expect([error.position, error.cause]).toEqual(['k3f9.42', 'why'])
    expect(isFairleadError(error)).toBe(true)
    const foreign = Object.assign(new Error('x'), { name: 'FairleadError', code: 'busy' })
    expect(isFairleadError(foreign)).toBe(true)
    for (const other of [
      new Error('x'),
      null,
      undefined,
      'FairleadError',
      { name: 'FairleadError', code: 'busy' },
    ]) {
      expect(isFairleadError(other)).toBe(false)
    }
  })

  it('has no cause and no position unless given', () => {
    const error = new FairleadError('busy', 'Later.')
    expect('cause' in error).toBe(false)
    expect(error.position).toBeUndefined()
  })

  it.each(['a_code_of_a_newer_server', 'constructor', '__proto__', 'toString', ''])(
    'bears %j: an unknown code is a refusal that does not pass',
    (code) => {
      const error = new FairleadError(code as ErrorCode, 'New.')
      expect(statusOf(code)).toBe(500)
      expect(error.temporary).toBe(false)
      expect(isTemporary(code)).toBe(false)
    },
  )
})
