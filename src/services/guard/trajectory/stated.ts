import { fold, wordsOf } from './fold.ts'
import { shapeOf } from './shape.ts'

/** What is known before anything untrusted is read: the goal, and what a person said since. */
export interface Statement {
  /** The goal, or a person, names this value: exactly, for what singles out a place or a thing; in its words, for a name or a text. */
  states(value: string): boolean
  /** Words worth recognising a record by: of three letters or more, not the commonest of the language. */
  readonly words: ReadonlySet<string>
  readonly folded: string
}

/** The longest account numbers have 34. */
const MAX_CODE_CHARACTERS = 64
const COMMON =
  'the and for you are was with that this from have has had not but all any can could would should will please what when where which who whom how much many ' +
  'there their them then than they its his her our your out about into over after before also just like let make sure get got one two was were been being ' +
  'does did done use using via per own new old last next first each every some more most such only same other me my mine'
const COMMON_WORDS = new Set(COMMON.split(' '))

export function readStatement(text: string): Statement {
  const folded = fold(text)
  const list = wordsOf(folded)
  const words = new Set(list.filter((word) => word.length >= 3 && !COMMON_WORDS.has(word)))
  const all = new Set(list)
  return { folded, words, states: (value) => statesValue({ folded, all }, value) }
}

/** A channel or a person may be written with or without its mark, and a place with or without its protocol. */
const SIGIL = /^(?:[#@](?=[\p{L}\p{N}])|https?:\/\/(?=[\p{L}\p{N}]))/u

function statesValue(goal: { readonly folded: string; readonly all: ReadonlySet<string> }, value: string): boolean {
  const wanted = fold(value)
  if (wanted === '') return true
  const bare = wanted.replace(SIGIL, '')
  if (standsIn(goal.folded, wanted) || (bare !== wanted && standsIn(goal.folded, bare))) return true
  const shape = shapeOf(value)
  if (shape === 'identifier') return isCode(wanted) && standsGrouped(goal.folded, wanted)
  if (shape !== 'name') return false
  const words = wordsOf(wanted).filter((word) => !COMMON_WORDS.has(word))
  return words.length > 0 && words.every((word) => goal.all.has(word))
}

/** Account numbers and the like, which people write in groups. */
function isCode(value: string): boolean {
  return value.length <= MAX_CODE_CHARACTERS && /^[\p{L}\p{N} -]+$/u.test(value) && /\p{N}{4}/u.test(value)
}

function standsGrouped(text: string, code: string): boolean {
  const letters = [...code.replaceAll(/[ -]/g, '')]
  return new RegExp(`(?<![\\p{L}\\p{N}])${letters.join('[ -]?')}(?![\\p{L}\\p{N}])`, 'u').test(text)
}

/** Whether a text holds a value that is not part of a longer word, address or path there. */
function standsIn(text: string, value: string): boolean {
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    const before = text.slice(Math.max(0, at - 2), at)
    const after = text.slice(at + value.length, at + value.length + 2)
    if (!/[\p{L}\p{N}_@\-/\\]$|[\p{L}\p{N}][.:]$/u.test(before) && !/^[\p{L}\p{N}_@\-/\\]|^[.:][\p{L}\p{N}]/u.test(after)) return true
  }
  return false
}
