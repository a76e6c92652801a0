import { mkdirSync, realpathSync } from 'node:fs'
import type { Clock } from '../../hub/clock.ts'
import { FairleadError, isFairleadError } from '../../protocol/index.ts'
import { whatToDo } from './damage.ts'
import { assertWhole, notWhole } from './data-file.ts'
import { disown, own, taken } from './owner.ts'
import { lookAt, noteClosed, noteOpened, type Sight } from './place.ts'
import { type LogState, newState, readState, stateEntry } from './state.ts'
import { openStore, type Store } from './store.ts'

/** A log's file that this process has opened, and where it stands. */
export interface Opened {
  readonly store: Store
  readonly state: LogState
  /** Gives it back; `written`: everything is on disk. */
  close(written: boolean): Promise<void>
  /** Gives it back as it was found, without a word on what is in it. */
  abandon(): void
}

/** The folders that are open in this process: LMDB would open one twice and share it. */
const open = new Set<string>()

/** Opens the log in a folder, which is made if need be. Throws when it is another one's, damaged, or of a newer version. */
export function openFolder(path: string, clock: Clock): Opened {
  mkdirSync(path, { recursive: true })
  const folder = realpathSync(path)
  if (open.has(folder)) throw taken(path, process.pid)
  assertWhole(folder)
  const sight = lookAt(folder)
  const store = attempt(path, () => openStore(folder))
  try {
    const state = attempt(path, () => begin(store, folder, sight, clock))
    open.add(folder)
    return {
      store,
      state,
      close: (written) => close(store, folder, state.mark, written),
      abandon() {
        open.delete(folder)
        disown(store)
        void store.root.close()
      },
    }
  } catch (error) {
    void store.root.close()
    throw error
  }
}

function begin(store: Store, folder: string, sight: Sight, clock: Clock): LogState {
  const state = store.root.transactionSync(() => {
    const found = readState(store)
    if (found && sight.isChanged(found.mark))
      throw notWhole(folder, 'its file was changed since it was closed')
    own(store, folder)
    const mark = randomText(clock, 16)
    const epoch = found && sight.isSame(found.mark) ? found.epoch : randomText(clock, 8)
    const begun = { ...(found ?? newState(epoch, mark)), epoch, mark }
    void store.log.put(...stateEntry(begun))
    return begun
  })
  noteOpened(folder, state.mark)
  return state
}

async function close(store: Store, folder: string, mark: string, written: boolean): Promise<void> {
  // After a write that failed nothing more is written.
  if (written) disown(store)
  await store.root.close()
  if (written) noteClosed(folder, mark)
  open.delete(folder)
}

/** Tells what to do about whatever LMDB says of a file. */
function attempt<T>(path: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (isFairleadError(error)) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const message = `The log in ${path} cannot be opened (${reason}). Is the folder writable, and is there room? If the file is damaged: ${whatToDo}`
    throw new FairleadError('unavailable', message, { cause: error })
  }
}

function randomText(clock: Clock, length: number): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from({ length }, () => letters[Math.floor(clock.random() * letters.length)]).join('')
}
