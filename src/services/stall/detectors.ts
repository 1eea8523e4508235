import type { DetectLoop, StallSample } from './stall.ts'

/** Equal calls with equal results, in a row, that count as a loop (OpenHands SDK's `action_observation` threshold). */
const REPEATS = 4
/** The same error in a row, whatever the arguments (OpenHands' `action_error`, Roo Code's default). */
const SAME_ERRORS = 3

/** True when the last actions repeat one call with one result, or end in one error again and again. */
export const detectLoop: DetectLoop = (samples) => repeats(samples, REPEATS, callAndResult) || repeats(samples, SAME_ERRORS, errorOf)

function repeats(samples: readonly StallSample[], times: number, signature: (sample: StallSample) => string | null): boolean {
  const last = samples.slice(-times)
  const first = last[0] && signature(last[0])
  return last.length === times && first != null && last.every((sample) => signature(sample) === first)
}

const callAndResult = ({ digest, ok, observed }: StallSample) => (ok && digest !== null ? `${digest} ${observed}` : null)
const errorOf = ({ ok, error }: StallSample) => (ok ? null : error)
