import { digestOf } from '../../model/digest.ts'
import type { Json } from '../../model/json.ts'
import type { Check, Plan } from '../../model/plan.ts'
import { readPath } from '../../model/reference.ts'
import type { CriterionResult } from '../../model/result.ts'
import type { EvaluateCriteria, EvaluationRequest } from './oracle.ts'
import { compilePattern } from './pattern.ts'
import { aimOf, criteriaOf } from './plan-structure.ts'

type Judgement = Pick<CriterionResult, 'verdict' | 'evidence'>

const MAX_EVIDENCE = 300

/**
 * Judges each criterion of a plan and of its steps once. A plan that states none is judged by whether each of its steps succeeded, one
 * that was passed over included: such a run did not do what was planned. What cannot be judged is unknown, with the reason.
 */
export const evaluateCriteria: EvaluateCriteria = async (request) => {
  const results: CriterionResult[] = []
  for (const check of checksOf(request.plan)) {
    const { verdict, evidence } = await judge(check, request).catch((error: unknown) =>
      unknown(error instanceof Error ? error.message : String(error)),
    )
    results.push({ criterion: describeCheck(check), verdict, evidence: shorten(evidence) })
  }
  return results
}

function checksOf(plan: Plan): readonly Check[] {
  const stated = criteriaOf(plan).map(({ check }) => check)
  const checks: readonly Check[] = stated.length > 0 ? stated : plan.steps.map(({ id }) => ({ kind: 'stepSucceeded', step: id }))
  return [...new Map(checks.map((check) => [JSON.stringify(check), check])).values()]
}

/** A criterion in words. */
export function describeCheck(check: Check): string {
  switch (check.kind) {
    case 'stepSucceeded':
      return `step ${check.step} succeeded`
    case 'outputEquals':
      return `${outputName(check)} equals ${shorten(JSON.stringify(check.value))}`
    case 'outputMatches':
      return `${outputName(check)} contains ${shorten(JSON.stringify(check.pattern))}`
    case 'outputAtLeast':
      return `${outputName(check)} is at least ${check.value}`
    case 'exitCode':
      return `step ${check.step} ended with exit code ${check.equals}`
    case 'fileExists':
      return `file ${check.path} exists`
    case 'fileMatches':
      return `file ${check.path} contains ${shorten(JSON.stringify(check.pattern))}`
  }
}

function outputName({ step, path }: { readonly step: string; readonly path: string }): string {
  return path === '' ? `the output of step ${step}` : `${path} in the output of step ${step}`
}

async function judge(check: Check, request: EvaluationRequest): Promise<Judgement> {
  if (check.kind === 'fileExists' || check.kind === 'fileMatches') return judgeFile(check, request)
  if (check.kind === 'stepSucceeded') return judgeStep(check.step, request)
  const found = readOutput(check, request)
  if ('verdict' in found) return found
  const { value } = found
  const given = `It is ${shorten(JSON.stringify(value))}${found.byPerson ? ', as a person answered' : ''}.`
  switch (check.kind) {
    case 'outputEquals':
      return verdictOf(digestOf(value) === digestOf(check.value), given)
    case 'outputMatches':
      return judgeText(check.pattern, typeof value === 'string' ? value : JSON.stringify(value), given)
    case 'outputAtLeast':
      return verdictOf(typeof value === 'number' && value >= check.value, given)
    case 'exitCode':
      return verdictOf(value === check.equals, given)
  }
}

function judgeStep(stepId: string, { results }: EvaluationRequest): Judgement {
  const result = results.get(stepId)
  if (result === undefined) return unmet(`Step ${stepId} did not run.`)
  if (result.outcome === 'succeeded') {
    if (result.inDoubt) return unknown(`It is not certain that the effect of step ${stepId} happened.`)
    return met(
      result.provenance === 'person' ? `A person answered in place of step ${stepId}.` : `Step ${stepId} succeeded (attempts: ${result.attempts}).`,
    )
  }
  const reason = result.failure === null ? '' : `: ${result.failure.code} ${result.failure.message}`
  return unmet(`Step ${stepId} ended as ${result.outcome}${reason}`)
}

function readOutput(check: Check, request: EvaluationRequest): Judgement | { readonly value: Json; readonly byPerson: boolean } {
  const aim = aimOf(check)
  if (aim === null) return unknown('The criterion looks at no step.')
  const step = judgeStep(aim.step, request)
  if (step.verdict !== 'met') return step
  const output = request.output(aim.step)
  if (output === null) return unknown(`The output of step ${aim.step} is not there any more.`)
  const found = readPath(output, aim.path)
  if (!found.found) return unmet(`It is not there: ${found.problem}.`)
  return { value: found.value, byPerson: request.results.get(aim.step)?.provenance === 'person' }
}

async function judgeFile(
  check: Extract<Check, { kind: 'fileExists' | 'fileMatches' }>,
  { readWorkspaceFile }: EvaluationRequest,
): Promise<Judgement> {
  const text = await readWorkspaceFile(check.path)
  if (text === null) return unmet(`There is no readable file ${check.path} in the workspace.`)
  if (check.kind === 'fileExists') return met(`File ${check.path} is there, ${text.length} characters.`)
  return judgeText(check.pattern, text, `File ${check.path} has ${text.length} characters.`)
}

function judgeText(pattern: string, text: string, given: string): Judgement {
  const matches = compilePattern(pattern)
  return matches === null ? unknown('The pattern asks for nothing.') : verdictOf(matches(text), given)
}

function verdictOf(holds: boolean, evidence: string): Judgement {
  return holds ? met(evidence) : unmet(evidence)
}

const met = (evidence: string): Judgement => ({ verdict: 'met', evidence })
const unmet = (evidence: string): Judgement => ({ verdict: 'unmet', evidence })
const unknown = (evidence: string): Judgement => ({ verdict: 'unknown', evidence })

function shorten(text: string): string {
  return text.length <= MAX_EVIDENCE ? text : `${text.slice(0, MAX_EVIDENCE - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
