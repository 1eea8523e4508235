/** One settled action, as far as a stall shows in it. Equal signatures mean equal calls, equal results, equal errors. */
export interface StallSample {
  readonly digest: string | null
  readonly ok: boolean
  readonly observed: string | null
  readonly error: string | null
}

/** Finds loops in the last settled actions, oldest first. Pure: the same samples give the same verdict. */
export type DetectLoop = (samples: readonly StallSample[]) => boolean
