import { FairleadError } from '../../protocol/index.ts'

/** What to do with a file that is not what was written: nothing here deletes or repairs it. */
export const whatToDo =
  'Stop the server, then put a back-up in its place, or move the folder away to begin an empty log. Nothing was deleted.'

/** Something in the file is not what was written there. */
export function damaged(what: string): FairleadError {
  return new FairleadError(
    'internal',
    `The log's file is damaged: ${what} is not what was written. ${whatToDo}`,
  )
}
