import type { Playbook } from './playbook.ts'
import { negates, stemsOf } from './stems.ts'

/** How well a playbook must fit a goal before it plans for it, from 0 to 1. */
export const MATCH_THRESHOLD = 0.7
/** Playbooks whose scores are closer than this are equally good readings of a goal. */
export const TIE_MARGIN = 0.1

export interface Match {
  readonly playbook: Playbook
  /** From 0 to 1. */
  readonly score: number
}

/** Every playbook with how well it fits the goal, the best first; equals by id. */
export function rankPlaybooks(goal: string, playbooks: readonly Playbook[]): readonly Match[] {
  const stems = stemsOf(goal)
  const negated = negates(goal)
  return playbooks
    .map((playbook) => ({ playbook, score: scoreOf(stems, negated, playbook) }))
    .toSorted((a, b) => b.score - a.score || (a.playbook.id < b.playbook.id ? -1 : 1))
}

/** The playbooks that a goal may mean: none, one, or several that fit about equally well. */
export function candidatesOf(ranked: readonly Match[]): readonly Match[] {
  const best = ranked[0]?.score ?? 0
  return ranked.filter(({ score }) => score >= MATCH_THRESHOLD && best - score < TIE_MARGIN)
}

/**
 * How much of the goal the playbook accounts for, and how much of its closest phrase the goal says, as their harmonic mean: a goal
 * that wants more than the playbook does scores low, and so does one that only shares a word with it. A negation halves the score,
 * unless a phrase has it too.
 */
function scoreOf(goal: readonly string[], negated: boolean, { title, match }: Playbook): number {
  const vocabulary = new Set([...match.any, title].flatMap(stemsOf))
  const accounted = shareOf(goal, vocabulary)
  const said = new Set(goal)
  const closest = Math.max(0, ...match.any.map((phrase) => shareOf(stemsOf(phrase), said)))
  if (accounted + closest === 0) return 0
  const score = (2 * accounted * closest) / (accounted + closest)
  return negated && !match.any.some(negates) ? score / 2 : score
}

function shareOf(stems: readonly string[], known: ReadonlySet<string>): number {
  return stems.length === 0 ? 0 : stems.filter((stem) => known.has(stem)).length / stems.length
}
