/** One change of a stored file: a byte is XORed with a mask, or everything from a size on is cut off. */
export type Blow =
  | { readonly kind: 'flip'; readonly file: 'database' | 'log'; readonly at: number; readonly mask: number }
  | { readonly kind: 'cut'; readonly file: 'database' | 'log'; readonly size: number }

/**
 * What came of it.
 * - `same`: the library tells what it told of the undamaged store; `refused`: at least one look was refused by name, the others are the same;
 * - `earlier`: the run is exactly as it was after an earlier record; `wrong`: it is as it never was;
 * - `unnamed`: an error that names nothing; `died`, `hung`: the process.
 */
export type Outcome = 'same' | 'refused' | 'earlier' | 'wrong' | 'unnamed' | 'died' | 'hung'

export interface Verdict {
  readonly blow: Blow
  readonly outcome: Outcome
  /** The codes of the refusals, and what differed, in words. */
  readonly said: readonly string[]
}

/** What a child is told: sound files below `folder`, and the blows to strike. */
export interface BlowJob {
  readonly folder: string
  readonly database: string
  readonly log: string | null
  readonly blows: readonly Blow[]
  /** Use better-sqlite3 even where Node has its own SQLite. */
  readonly addon: boolean
}

export function struck(sound: Buffer, blow: Blow): Buffer {
  if (blow.kind === 'cut') return sound.subarray(0, blow.size)
  const flipped = Buffer.from(sound)
  flipped[blow.at] = (flipped[blow.at] ?? 0) ^ blow.mask
  return flipped
}
