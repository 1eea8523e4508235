import type { Journal } from './journal.ts'
import { integer } from './records.ts'
import type { Row } from './sqlite-driver.ts'
import { isUnwritable } from './sqlite-failure.ts'
import type { Store } from './sqlite-store.ts'

/**
 * Copying a database costs what it still holds (15 ms a MB, measured with 58 of 578 MB left), so a little free space is better left to the
 * next runs. An incremental vacuum instead took ten times as long there, wrote a log of 517 MB, and made every write slower before.
 */
const MIN_FREE_BYTES = 1024 * 1024
const MIN_FREE_SHARE = 0.25

/** What the database and its log take up, and its pages that hold nothing. */
export function spaceIn(store: Store): ReturnType<Journal['space']> {
  const pageSize = pragma(store, 'page_size')
  return {
    bytes: pragma(store, 'page_count') * pageSize + store.logBytes(),
    freeBytes: pragma(store, 'freelist_count') * pageSize,
  }
}

/** Copies the database together when `mayBlock` and it is worth it, and empties the log. That there is no room for it is no failure: space inside is used again. */
export function vacuum(store: Store, mayBlock: boolean): void {
  const { bytes, freeBytes } = spaceIn(store)
  try {
    if (mayBlock && freeBytes >= MIN_FREE_BYTES && freeBytes >= bytes * MIN_FREE_SHARE) store.exec('VACUUM')
    // A reader of an old state holds the log back; then it is emptied another time.
    store.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    if (!isUnwritable(error)) throw store.explain(error)
  }
}

function pragma(store: Store, name: string): number {
  const row: Row = store.read(() => store.statement(`PRAGMA ${name}`).get()) ?? {}
  return integer(row, name, 'the file')
}
