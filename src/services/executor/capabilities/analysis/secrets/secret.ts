/** A text that gives access to something, where it stands in a file. The value must never leave the analysis. */
export interface Secret {
  readonly rule: string
  /** What it is, as a title says it. */
  readonly name: string
  /** Of its first unit. */
  readonly offset: number
  readonly value: string
  /** What may be shown: the beginning that all values of its kind share, or the name it is assigned to. At most 60 characters, on the line of `offset`. */
  readonly shown: string
  /** Whether `shown` is the beginning of the value. */
  readonly isPrefix: boolean
  /** Verified: a checksum or an inner structure of its format is right. */
  readonly confidence: 'verified' | 'heuristic'
  /** What it opens when it is still valid. */
  readonly weight: 'live' | 'limited'
}

/** What the rules look at. */
export interface Searched {
  readonly path: string
  readonly text: string
}
