import type { JsonObject } from '../../model/json.ts'
import type { Evidence } from '../../model/report.ts'
import type { ResearchRead } from './oracle.ts'
import type { Condition } from './playbook.ts'
import type { ParamValues } from './playbook-params.ts'
import { sourceOf } from './research.ts'

/** What is known of the workspace: null is not known. */
export interface Facts {
  readonly git: boolean | null
  /** Whether a file is there, or one that fits a glob. */
  exists(pathOrGlob: string): boolean | null
}

const GIT_READ: ResearchRead = { capability: 'git.status.v1', args: {}, question: 'Is this a git repository?' }

/** The facts that the evidence of earlier reads shows. */
export function factsFrom(evidence: readonly Evidence[]): Facts {
  const quotes = new Map(evidence.map(({ source, quote }) => [source, quote]))
  const quoteOf = (read: ResearchRead): string | undefined => quotes.get(sourceOf(read))
  return {
    // Outside of a repository the read fails, as it does without git: then nothing is known.
    git: quoteOf(GIT_READ) === undefined ? null : true,
    exists: (pathOrGlob) => {
      const quote = quoteOf(readFor(pathOrGlob))
      if (quote === undefined) return null
      return isGlob(pathOrGlob) ? !quote.startsWith('{"filesSearched":0,') : !quote.includes('"exists":false')
    },
  }
}

/** The read that shows whether something that a playbook needs is there. */
export function readFor(need: string): ResearchRead {
  if (need === 'git') return GIT_READ
  const question = `Is there a ${need}?`
  // One line with a space is enough to know that a file that fits was opened; the search ends there.
  const search: JsonObject = { glob: need, maxMatches: 1, pattern: ' ' }
  return isGlob(need) ? { capability: 'fs.search.v1', args: search, question } : { capability: 'fs.stat.v1', args: { path: need }, question }
}

/** What a condition asks about, in the words of `readFor`. */
export function needsOf(when: Condition): readonly string[] {
  return [
    ...(when.git === undefined ? [] : ['git']),
    ...(when.exists === undefined ? [] : [when.exists]),
    ...(when.missing === undefined ? [] : [when.missing]),
  ]
}

/** Why a condition does not hold, null when it does. What is not known does not hold; nor does a parameter that is '' or false. */
export function unmetCondition(when: Condition, facts: Facts, params: ParamValues = new Map()): string | null {
  if (when.param !== undefined && (params.get(when.param) ?? '') === '') return `${when.param} was not given`
  if (when.param !== undefined && params.get(when.param) === false) return `it is only done when the context has ${when.param}: true`
  if (when.git === true && facts.git !== true) return facts.git === null ? 'this is not known to be a git repository' : 'this is not a git repository'
  const states = [
    { path: when.exists, wanted: true },
    { path: when.missing, wanted: false },
  ]
  for (const { path, wanted } of states) {
    const found = path === undefined ? wanted : facts.exists(path)
    if (found === null) return `it is not known whether there is a ${path}`
    if (found !== wanted) return wanted ? `there is no ${path}` : `there is a ${path}`
  }
  return null
}

/** The first thing of a playbook's `needs` that is not there, or not known to be, as a sentence; null when all is. */
export function unmetNeed(needs: readonly string[], facts: Facts): string | null {
  for (const need of needs) {
    const unmet = unmetCondition(need === 'git' ? { git: true } : { exists: need }, facts)
    if (unmet !== null) return unmet
  }
  return null
}

function isGlob(path: string): boolean {
  return /[*?[\]{}]/.test(path)
}
