import { type ErrorCode, FairleadError, isFairleadError } from '../../src/protocol/index.ts'

/** The code of the `FairleadError` that `run` throws; anything else thrown is thrown on. */
export function codeOf(run: () => unknown): ErrorCode | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (isFairleadError(error) && error instanceof FairleadError) return error.code
    throw error
  }
}
