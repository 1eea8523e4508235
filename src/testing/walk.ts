import type { ChartDriver } from './chart-driver.ts'
import { choicesOf } from './choices.ts'
import type { Choice, WalkCases } from './choices.ts'

export interface Walk {
  /** Draws one of the things that may happen now, and does it; false when nothing may. Any natural number is a draw. */
  step(draw: number): boolean
  /** What was done, in words, for a failing example. */
  readonly trail: readonly string[]
}

/** By `cases`, or by choices of one's own for each draw, with `choicesOf` among them where that helps. */
export type WalkOptions = { readonly cases: WalkCases } | { readonly choose: (draw: number) => readonly Choice[] }

/**
 * A walk that numbers steer: the same numbers make the same walk, so that any property-testing library can draw and shrink them. Fewer and
 * smaller numbers make a shorter walk.
 */
export function createWalk(driver: ChartDriver, options: WalkOptions): Walk {
  const trail: string[] = []
  const choose = 'choose' in options ? options.choose : (draw: number) => choicesOf(driver, options.cases, draw)
  return {
    trail,
    step(draw) {
      const choice = drawn(choose(draw), draw)
      if (choice === undefined) return false
      trail.push(choice.does)
      choice.act()
      return true
    },
  }
}

function drawn(choices: readonly Choice[], draw: number): Choice | undefined {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0)
  let left = draw % Math.max(1, total)
  return choices.find(({ weight }) => (left -= weight) < 0)
}
