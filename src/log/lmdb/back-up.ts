import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { FairleadError } from '../../protocol/index.ts'
import { dataFile } from './data-file.ts'
import type { Store } from './store.ts'

/** Copies what is on disk at this moment into a folder that holds no log yet; resolves when the copy is on disk. */
export async function backUp(store: Store, path: string): Promise<void> {
  const file = dataFile(path)
  if (existsSync(file))
    throw new FairleadError('conflict', `There is a log in ${path}: choose an empty folder.`)
  mkdirSync(path, { recursive: true })
  await store.root.backup(path, true)
  for (const each of [file, path]) {
    const descriptor = openSync(each, 'r')
    fsyncSync(descriptor)
    closeSync(descriptor)
  }
}
