import { byText } from './finding.ts'

/** Items by what they have in common, in the order in which each group and item first occurs. */
export function groupedBy<Item>(items: Iterable<Item>, key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = key(item)
    const known = groups.get(name)
    if (known) known.push(item)
    else groups.set(name, [item])
  }
  return groups
}

/** At most `max`, shared out so that neither a rule nor a file with hundreds of places hides one with a few; of each the first. */
export function sharedOut<Item extends { readonly rule: string; readonly file: string }>(candidates: readonly Item[], max: number): Item[] {
  const ascending = [...groupedBy(candidates, ({ rule }) => rule)].sort(([a, one], [b, other]) => one.length - other.length || byText(a, b))
  const kept: Item[] = []
  for (const [index, [, ofRule]] of ascending.entries())
    kept.push(...inTurns(ofRule).slice(0, Math.ceil((max - kept.length) / (ascending.length - index))))
  return kept.slice(0, max)
}

/** The first of each file, then the second of each, and so on. */
function inTurns<Item extends { readonly file: string }>(items: readonly Item[]): Item[] {
  const turns: Item[][] = []
  const seen = new Map<string, number>()
  for (const item of items) {
    const turn = seen.get(item.file) ?? 0
    seen.set(item.file, turn + 1)
    const known = turns[turn]
    if (known) known.push(item)
    else turns[turn] = [item]
  }
  return turns.flat()
}
