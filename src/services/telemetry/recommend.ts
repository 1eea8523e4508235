import type { Finding } from '../../model/report.ts'
import { type FindingGroup, groupFindings, placeOf } from './findings.ts'
import { sharedTitle } from './group-title.ts'

/** Places named in one advice; the others are counted. */
const MAX_NAMED = 3

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

function asAdvice({ findings: [first, ...others] }: FindingGroup): string {
  // What is told to be done must mend every place that is counted.
  const alike = others.filter(({ fix, why }) => fix === first.fix && why === first.why)
  const title = sharedTitle(first.rule, [first.title, ...alike.map((finding) => finding.title)])
  const where = placesOf([first, ...alike])
  return `${withoutStop(title)}${where === null ? '' : ` (${where})`}: ${asClause(first.fix)}. ${first.why}`
}

/** ``8 places: `a`, `b`, `c` and 5 more``; of one place that is not said already the place alone. */
function placesOf(findings: readonly [Finding, ...Finding[]]): string | null {
  const [first, ...others] = findings
  const places = [...new Set(findings.map(placeOf).filter((place) => place !== null))]
  if (others.length === 0 && first.file !== null && first.title.includes(first.file)) return null
  const shown = places.slice(0, MAX_NAMED).map((place) => `\`${place}\``)
  const rest = places.length - shown.length
  const list = `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  if (places.length === 0) return others.length === 0 ? null : `${findings.length} times`
  return places.length === 1 ? list : `${places.length} places: ${list}`
}

/** A sentence as what follows a colon; words that are names keep their capitals. */
function asClause(sentence: string): string {
  const text = withoutStop(sentence)
  return /^[A-Z][a-z]* /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
}

function withoutStop(text: string): string {
  return text.replace(/[.:]$/, '')
}
