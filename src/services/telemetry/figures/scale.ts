/** Maps values to positions along an axis. */
export interface Scale {
  readonly isLog: boolean
  readonly ticks: readonly number[]
  at(value: number): number
}

/** Above this ratio of the largest to the middle value a linear axis would press most points into a corner. */
const LOG_FROM = 12
const TICKS = 6

/** A scale from zero to the largest value, logarithmic (of value + 1, as zero must have a place) where the range needs it. */
export function scaleOf(values: readonly number[], from: number, to: number): Scale {
  const largest = Math.max(1, ...values)
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0
  const isLog = largest / Math.max(1, middle) > LOG_FROM
  const ticks = isLog ? logTicks(largest) : linearTicks(largest)
  const end = Math.max(largest, ticks.at(-1) ?? 0)
  const share = (value: number): number => (isLog ? Math.log10(value + 1) / Math.log10(end + 1) : value / end)
  return { isLog, ticks, at: (value) => from + (to - from) * share(value) }
}

/** Round steps: 1, 2 or 5 times a power of ten. */
function linearTicks(largest: number): number[] {
  const rough = largest / TICKS
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power
  const whole = Math.max(1, step)
  return Array.from({ length: Math.ceil(largest / whole) + 1 }, (_, index) => index * whole)
}

/** 0, 1, 10, 100 …; with what lies at 3 and 30 where decades are few. */
function logTicks(largest: number): number[] {
  const decades = Math.floor(Math.log10(largest))
  const all = Array.from({ length: decades + 1 }, (_, power) => (decades < 4 ? [10 ** power, 3 * 10 ** power] : [10 ** power])).flat()
  return [0, ...all.filter((tick) => tick <= largest)]
}
