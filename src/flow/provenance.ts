import { isDeepStrictEqual } from 'node:util'
import type { Action } from '../model/action.ts'
import type { JsonObject } from '../model/json.ts'
import { referencesIn, valueAt, type Reference } from '../model/reference.ts'
import type { Source, Taint } from '../model/verdict.ts'
import type { Provenance } from '../services/guard/guard.ts'
import { resolveReferences } from '../services/oracle/resolve-references.ts'
import { outputOf, planBody, stepIn, type RunScope } from './run-scope.ts'
import type { RunRecord } from './run-record.ts'

/** Research and criteria read what no plan asked for; they only ever read. */
const NO_PLAN: Provenance = { pinned: true, taint: [] }

/**
 * How an action of a run came to be what it is. A plan names where a value comes from by its references; an argument that a person put in
 * place of what the plan says is that person's. What a person answered in place of a step is no longer what was read.
 */
export function provenanceOf(run: Pick<RunScope, 'bodies' | 'record'>, action: Action): Provenance {
  const { bodies, record } = run
  if (action.plan === undefined) return NO_PLAN
  const { plan, pinned } = planBody(bodies, action.plan)
  const step = stepIn(plan, action.stepId)
  const references = step === undefined ? [] : referencesIn(step.args)
  const taint = references.flatMap((reference): readonly Taint[] => {
    const source = sourceOf(record, stepIn(plan, reference.stepId)?.capability ?? '', reference)
    const kept = step !== undefined && keepsReferred(step.args, action.args, reference, (id) => outputOf(run, id))
    return source === 'person' || !kept ? [] : [{ path: pathOf(reference), source, from: reference.stepId }]
  })
  return { pinned: pinned || record.isSigned(action.plan), taint }
}

/** A key with a dot in it could mean another place: then all of the arguments count, which is the worst. */
function pathOf({ at }: Reference): string {
  return at.some((key) => String(key).includes('.')) ? '(all)' : at.join('.')
}

function sourceOf(record: RunRecord, capability: string, { stepId }: Reference): Source {
  if (record.result(stepId)?.provenance === 'person') return 'person'
  if (/^(?:fs|git|analysis)\./.test(capability)) return 'file'
  return capability.startsWith('http.') ? 'web' : 'tool'
}

/** Whether the action still has there what the plan refers to, or what that has become. */
function keepsReferred(planned: JsonObject, given: JsonObject, { at }: Reference, read: (stepId: string) => JsonObject | null): boolean {
  const now = valueAt(given, at)
  if (isDeepStrictEqual(now, valueAt(planned, at))) return true
  try {
    return isDeepStrictEqual(now, valueAt(resolveReferences(planned, read), at))
  } catch {
    // What cannot be resolved any more cannot be told from what a person wrote.
    return true
  }
}
