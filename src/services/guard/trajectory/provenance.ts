import { isForged, squeeze } from './fold.ts'
import { undress, type Undressed } from './disguise.ts'
import type { Observations, Origin } from './observations.ts'

/** Where a value came from, as far as one can tell from the value alone. */
export interface Provenance {
  /** The goal, a person or the plan names it. */
  readonly stated: boolean
  /** Places in what was read that hold it. */
  readonly origins: readonly Origin[]
  /** How it hides that it came from there; null when it does not hide. */
  readonly disguise: Undressed['coat'] | 'look-alike' | 'assembled' | null
}

/** Values shorter than this are not looked for in disguise: too much would be found by chance. */
const MIN_DISGUISED_CHARACTERS = 6
const MIN_ASSEMBLED_CHARACTERS = 14
/** Of an assembled value, this share at least must stand in what was read, in at most four pieces. */
const ASSEMBLED_SHARE = 0.9
const MAX_PIECES = 4

/** Traces a value to the goal, to what was read, or through its disguise to what was read. */
export function traceValue(value: string, observations: Observations, states: (value: string) => boolean): Provenance {
  const forged = isForged(value)
  if (!forged && states(value)) return { stated: true, origins: [], disguise: null }
  const origins = observations.trace(value)
  if (forged) return { stated: false, origins, disguise: 'look-alike' }
  if (origins.length > 0) return { stated: false, origins, disguise: null }
  for (const { coat, value: bare } of undress(value)) {
    const from = tokensOf(bare).flatMap((token) => (states(token) ? [] : observations.trace(token)))
    if (from.length > 0) return { stated: false, origins: from, disguise: coat }
  }
  return assembled(value, observations)
}

/** What was hidden may be more than one value; each long enough word of it, and all of it. */
function tokensOf(bare: string): readonly string[] {
  const tokens = bare.split(/[\s"'`,;=&?]+/).filter((token) => squeeze(token).length >= MIN_DISGUISED_CHARACTERS)
  return [...new Set([bare, ...tokens])].filter((token) => squeeze(token).length >= MIN_DISGUISED_CHARACTERS).slice(0, 32)
}

/** A single token that is nothing but pieces of other values, put together again. */
function assembled(value: string, observations: Observations): Provenance {
  const none: Provenance = { stated: false, origins: [], disguise: null }
  const squeezed = squeeze(value)
  if (/\s/.test(value.trim()) || !/\d/.test(squeezed) || squeezed.length < MIN_ASSEMBLED_CHARACTERS) return none
  const pieces: string[] = []
  for (let at = 0; at < squeezed.length && pieces.length < MAX_PIECES;) {
    const length = observations.longestPrefix(squeezed, at)
    if (length > 0) pieces.push(squeezed.slice(at, at + length))
    at += Math.max(1, length)
  }
  const covered = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (pieces.length < 2 || covered < ASSEMBLED_SHARE * squeezed.length) return none
  return { stated: false, origins: pieces.flatMap((piece) => observations.trace(piece).slice(0, 1)), disguise: 'assembled' }
}
