import { v7 } from 'uuid'

/** Where new ids come from. */
export interface Ids {
  /** A run id, sortable by time (UUIDv7). */
  run(): string
}

export function createUuidIds(): Ids {
  return { run: () => v7() }
}
