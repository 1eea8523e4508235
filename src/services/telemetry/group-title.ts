import { ruleInWords } from './themes.ts'

const GAP = '…'
// A code span is one word; what ends a clause is a word of its own, so that it can stay when the word before it differs.
const WORD = /\s*(?:`[^`]*`|[,;:](?=\s|$)|(?:(?![,;:](?:\s|$))[^\s`])+|[`,;:])/g
// What a title cannot end with, and what says nothing alone.
const DANGLING = new Set(`${GAP} , ; : ( - – a an the of in on at to for from by with without as into than and or but that which no not`.split(' '))
/** Words that must be left for a shared part to say something. */
const MIN_WORDS = 2

/**
 * What findings of one rule share, as a title: their common title; of lint rules the rule's name, `no-unused-vars (eslint)`; otherwise the
 * words that all titles have in the same place, with `…` for those that differ, such as `Import cycle of … modules`; the rule in words
 * where fewer than two such words are left. `titles` holds at least one.
 */
export function sharedTitle(rule: string, titles: readonly [string, ...string[]]): string {
  const [first, ...others] = [...new Set(titles)]
  if (first === undefined || others.length === 0) return titles[0]
  if (/^lint\.[^.]+\.[^.]/.test(rule)) return ruleInWords(rule)
  const split = [first, ...others].map(wordsOf).toSorted((a, b) => a.length - b.length)
  const [shortest = [], ...longer] = split
  const isAligned = longer.every((words) => words.length === shortest.length)
  const phrase = withoutTail(isAligned ? aligned(shortest, longer) : outer(shortest, longer))
  return phrase.filter((word) => !DANGLING.has(word.trim())).length >= MIN_WORDS ? phrase.join('').trim() : ruleInWords(rule)
}

/** With the white space before them. */
function wordsOf(title: string): string[] {
  return title.trim().match(WORD) ?? []
}

/** Titles of as many words: each word that differs somewhere becomes a gap. */
function aligned(words: readonly string[], others: readonly (readonly string[])[]): string[] {
  return words.flatMap((word, at) => {
    if (others.every((other) => other[at] === word)) return [word]
    const isInGap = at > 0 && others.some((other) => other[at - 1] !== words[at - 1])
    return isInGap ? [] : [at === 0 ? GAP : ` ${GAP}`]
  })
}

/** Titles of different length: how all begin and how all end; the shortest title itself when there is no more to it. */
function outer(shortest: readonly string[], others: readonly (readonly string[])[]): string[] {
  const differs = shortest.findIndex((word, at) => others.some((other) => other[at] !== word))
  const start = differs === -1 ? shortest.length : differs
  let tail = 0
  while (tail < shortest.length - start && others.every((other) => other.at(-1 - tail) === shortest.at(-1 - tail))) tail += 1
  if (start + tail === shortest.length) return [...shortest]
  const gap = start === 0 ? [GAP] : tail === 0 ? [] : [` ${GAP}`]
  return [...shortest.slice(0, start), ...gap, ...shortest.slice(shortest.length - tail)]
}

/** Without what dangles; a gap at the end stays where only it would be lost: `the registry has …`, but not `has no entry for …`. */
function withoutTail(words: readonly string[]): string[] {
  const last = words.findLastIndex((word) => !DANGLING.has(word.trim()))
  const rest = words.slice(last + 1)
  return rest.length === 1 && rest[0]?.trim() === GAP ? [...words] : words.slice(0, last + 1)
}
