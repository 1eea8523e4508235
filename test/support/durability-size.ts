import { randomOf } from './e2e-kill.ts'

/** Which of the many possible cases are tried; the same seed tries the same ones. */
export const SEED = Number(process.env['DURABILITY_SEED'] ?? 1)

/** A size from the environment: a number, or `all`, which is Infinity. */
export function sizeOf(name: string, usual: number): number {
  const given = process.env[name]
  if (given === undefined || given === '') return usual
  const size = given === 'all' ? Infinity : Number(given)
  if (!(size > 0)) throw new RangeError(`${name} is ${given}; give a number above 0, or "all"`)
  return size
}

/** At most `count` of the numbers from 0 to `end` (excluded): one from each of as many equal parts, so that no stretch is left out. */
export function spread(end: number, count: number, seed = SEED): readonly number[] {
  if (count >= end) return Array.from({ length: end }, (_, at) => at)
  const random = randomOf(seed)
  return Array.from({ length: count }, (_, part) => Math.floor(((part + random()) * end) / count))
}
