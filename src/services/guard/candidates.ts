import type { Entry } from './entry.ts'
import type { MatchTarget } from './match-target.ts'
import type { TargetKind } from './specifier.ts'

/** Entries looked up by what a target must have to be matched by them, so that a decision does not grow with the rules about other things. */
export interface Candidates {
  /** Every entry that may match the target, and some that do not, in the order of the policy. */
  of(target: MatchTarget | null): readonly Entry[]
}

/** Indexes entries for one kind of target; `none` is an action without targets. */
export function indexEntries(entries: readonly Entry[], kind: TargetKind | 'none'): Candidates {
  const needsOf = entries.map((entry) => (kind === 'none' ? [] : entry.needs[kind]))
  const uses = countUses(needsOf.flat())
  const common: number[] = []
  const byWord = new Map<string, number[]>()
  for (const [index, needs] of needsOf.entries()) {
    const [rarest] = needs.toSorted((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0))
    if (rarest === undefined) common.push(index)
    else byWord.set(rarest, [...(byWord.get(rarest) ?? []), index])
  }
  const pick = (indexes: readonly number[]): readonly Entry[] => indexes.flatMap((index) => entries[index] ?? [])
  const always = pick(common)
  return {
    of: (target) => {
      if (target === null || target.words === null || byWord.size === 0) return entries
      let found: number[] | null = null
      for (const word of target.words) {
        const indexes = byWord.get(word)
        if (indexes !== undefined) (found ??= [...common]).push(...indexes)
      }
      return found === null ? always : pick(found.sort((a, b) => a - b))
    },
  }
}

function countUses(words: readonly string[]): ReadonlyMap<string, number> {
  const uses = new Map<string, number>()
  for (const word of words) uses.set(word, (uses.get(word) ?? 0) + 1)
  return uses
}
