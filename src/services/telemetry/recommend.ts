import type { Finding } from '../../model/report.ts'
import { type FindingGroup, groupFindings, placeOf } from './findings.ts'

/**
 * What to do first: the highest-ranked groups as sentences that say what is where, what to do about it, and why. At most `max`, each of
 * another rule and with another remedy. Findings that only inform are recommended when there is nothing else.
 */
export function recommend(ranked: readonly Finding[], max = 5): string[] {
  const groups = groupFindings(ranked)
  const serious = groups.filter(({ findings: [first] }) => first.severity !== 'info')
  const seen = new Set<string>()
  const chosen = (serious.length > 0 ? serious : groups).filter(({ findings: [first] }) => {
    const isNew = !seen.has(`rule ${first.rule}`) && !seen.has(`fix ${first.fix}`)
    seen.add(`rule ${first.rule}`).add(`fix ${first.fix}`)
    return isNew
  })
  return chosen.slice(0, max).map(asAdvice)
}

function asAdvice({ findings }: FindingGroup): string {
  const [first] = findings
  const place = placeOf(first)
  const isSaid = place === null || (first.file !== null && first.title.includes(first.file))
  const many = findings.length === 1 ? [] : [`${findings.length} places`]
  const where = isSaid ? many : [...many, `${findings.length === 1 ? '' : 'first '}\`${place}\``]
  return `${withoutStop(first.title)}${where.length === 0 ? '' : ` (${where.join(', ')})`}: ${asClause(first.fix)}. ${first.why}`
}

/** A sentence as what follows a colon; words that are names keep their capitals. */
function asClause(sentence: string): string {
  const text = withoutStop(sentence)
  return /^[A-Z][a-z]* /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

function withoutStop(text: string): string {
  return text.replace(/[.:]$/, '')
}
