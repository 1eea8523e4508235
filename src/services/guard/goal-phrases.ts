import type { GoalVerdict } from '../../model/goal.ts'
import type { Policy } from '../../model/policy.ts'
import { quote } from './quote.ts'

const WORD_CHARACTER = /[\p{L}\p{N}\p{M}_]/u

/** Refuses a goal that contains one of the policy's phrases as whole words, whatever its case, spacing and invisible characters. */
export function vetPhrases(goal: string, phrases: Policy['goals']['deny']): GoalVerdict {
  const text = plain(goal)
  const found = phrases.find((phrase) => containsWords(text, plain(phrase)))
  if (found === undefined) return { decision: 'allow', reason: 'the policy has nothing against this goal', question: null, choices: [] }
  return { decision: 'deny', reason: `the policy refuses goals that contain ${quote(found)}`, question: null, choices: [] }
}

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

function containsWords(text: string, phrase: string): boolean {
  if (phrase === '') return false
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    if (isEdge(phrase.slice(0, 1), text.slice(0, at).at(-1)) && isEdge(phrase.slice(-1), text.at(at + phrase.length))) return true
  }
  return false
}

/** A phrase that begins or ends with a letter must not be part of a longer word there. */
function isEdge(inside: string, outside: string | undefined): boolean {
  return outside === undefined || !WORD_CHARACTER.test(inside) || !WORD_CHARACTER.test(outside)
}
