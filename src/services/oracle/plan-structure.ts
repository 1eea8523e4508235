import type * as z from 'zod'
import type { Check, Plan, PlanFinding, PlanStep } from '../../model/plan.ts'
import { scan, type Reference } from '../../model/reference.ts'
import type { ActionResult } from '../../model/result.ts'
import { comesAfter, cyclesOf, graphOf, type StepGraph } from './graph.ts'
import { createSuggester } from '../../input/nearest.ts'
import { outputProblem } from './output-shape.ts'

/** What the checks of a plan's structure share. */
export interface Structure {
  readonly plan: Plan
  readonly graph: StepGraph
  /** References of each step, by its position. */
  readonly references: readonly (readonly Reference[])[]
  readonly findings: readonly PlanFinding[]
}

/** What is known beyond the plan itself. */
export interface Surroundings {
  /** Outcomes of earlier plans of this run, by step id. */
  readonly done: ReadonlyMap<string, Pick<ActionResult, 'outcome'>>
  /** The schema of what a capability puts out, when there is such a capability. */
  readonly outputOf: (capability: string) => z.ZodType | undefined
}

type Add = (code: string, stepId: string | null, path: string, message: string, hint: string) => void

const MAX_SPELLED = 8

/** Checks names, order, cycles, references and criteria: everything that needs no policy and no arguments' schema. */
export function structureOf(plan: Plan, surroundings: Surroundings): Structure {
  const findings: PlanFinding[] = []
  const add: Add = (code, stepId, path, message, hint) => findings.push({ code, severity: 'error', stepId, path, message, hint })
  const graph = graphOf(plan.steps)
  const scans = plan.steps.map((step) => scan(step.args))
  const references = scans.map((each) => each.references)
  const names: Names = { plan, graph, suggest: createSuggester([...graph.index.keys()]), ...surroundings }
  checkIds(names, add)
  checkDependencies(names, add)
  checkCycles(names, add)
  for (const [position, { problems }] of scans.entries()) {
    for (const problem of problems) {
      const subject = problem.text === '' ? 'has arguments that cannot be searched' : `has the reference ${problem.text}, which is malformed`
      add(
        'E_BAD_REF',
        idAt(plan, position),
        pathOf(position, problem.at),
        `Step ${idAt(plan, position)} ${subject}: ${problem.problem}.`,
        'Write it as ${steps.ID.output.PATH}, or $${ when it is meant literally.',
      )
    }
  }
  checkReferences(names, references, add)
  checkCriteria(names, add)
  return { plan, graph, references, findings }
}

interface Names extends Surroundings {
  readonly plan: Plan
  readonly graph: StepGraph
  readonly suggest: (name: string) => string | null
}

function checkIds({ plan, graph }: Names, add: Add): void {
  for (const [position, step] of plan.steps.entries()) {
    const first = graph.index.get(step.id)
    if (first !== position)
      add(
        'E_DUP_ID',
        step.id,
        `steps.${position}.id`,
        `Steps ${(first ?? 0) + 1} and ${position + 1} are both called ${step.id}.`,
        'Give each step an id of its own.',
      )
  }
}

function checkDependencies({ plan, graph, done, suggest }: Names, add: Add): void {
  for (const [position, step] of plan.steps.entries()) {
    for (const [at, id] of step.dependsOn.entries()) {
      const path = `steps.${position}.dependsOn.${at}`
      if (id === step.id) add('E_SELF_DEP', step.id, path, `Step ${step.id} waits for itself.`, 'Remove it from its own dependsOn.')
      else if (graph.index.has(id)) continue
      else if (done.has(id))
        add('E_UNKNOWN_DEP', step.id, path, `Step ${step.id} waits for ${id}, which an earlier plan ran already.`, `Remove ${id} from dependsOn.`)
      else
        add(
          'E_UNKNOWN_DEP',
          step.id,
          path,
          `Step ${step.id} waits for ${id}, which the plan does not have.`,
          remedy(suggest(id), 'Remove it, or add the step'),
        )
    }
  }
}

function checkCycles({ plan, graph }: Names, add: Add): void {
  for (const cycle of cyclesOf(graph)) {
    const [first = 0] = cycle
    const ids = cycle.slice(0, MAX_SPELLED).map((position) => idAt(plan, position))
    const spelled = [...ids, ...(cycle.length > MAX_SPELLED ? [`… (${cycle.length} steps)`] : []), idAt(plan, first)].join(' → ')
    add('E_CYCLE', idAt(plan, first), `steps.${first}.dependsOn`, `Steps wait for each other: ${spelled}.`, 'Remove one of these dependencies.')
  }
}

function checkReferences(names: Names, references: Structure['references'], add: Add): void {
  const { plan, graph } = names
  const pairs: (readonly [number, number])[] = []
  const asked: { readonly position: number; readonly reference: Reference }[] = []
  for (const [position, list] of references.entries()) {
    for (const reference of list) {
      const problem = targetProblem(names, reference.stepId, reference.path)
      const path = pathOf(position, reference.at)
      if (problem !== null)
        add(
          'E_BAD_REF',
          idAt(plan, position),
          path,
          `Step ${idAt(plan, position)} has the reference ${reference.text}, but ${problem.message}.`,
          problem.hint,
        )
      const target = graph.index.get(reference.stepId)
      if (target === undefined) continue
      pairs.push([target, position])
      asked.push({ position, reference })
    }
  }
  for (const [at, holds] of comesAfter(graph, pairs).entries()) {
    const question = asked[at]
    if (holds || question === undefined) continue
    const id = idAt(plan, question.position)
    const { stepId, text } = question.reference
    const message =
      stepId === id ? `Step ${id} refers to its own output with ${text}.` : `Step ${id} refers to ${text}, but it does not wait for ${stepId}.`
    add(
      'E_REF_NOT_ANCESTOR',
      id,
      pathOf(question.position, question.reference.at),
      message,
      stepId === id ? 'Refer to an earlier step.' : `Add ${stepId} to its dependsOn.`,
    )
  }
}

function checkCriteria(names: Names, add: Add): void {
  for (const { check, stepId, path } of criteriaOf(names.plan)) {
    const aim = aimOf(check)
    const problem = aim === null ? null : targetProblem(names, aim.step, aim.path)
    if (problem !== null) add('E_BAD_REF', stepId, path, `A success criterion looks at step ${aim?.step}, but ${problem.message}.`, problem.hint)
  }
}

/** Every criterion of a plan with its place; `stepId` is null for those of the plan itself. */
export function criteriaOf(plan: Plan): readonly { readonly check: Check; readonly stepId: string | null; readonly path: string }[] {
  const own = plan.successCriteria.map((check, at) => ({ check, stepId: null, path: `successCriteria.${at}` }))
  return [
    ...own,
    ...plan.steps.flatMap((step, position) =>
      step.successCriteria.map((check, at) => ({ check, stepId: step.id, path: `steps.${position}.successCriteria.${at}` })),
    ),
  ]
}

/** The step and the part of its output that a criterion looks at; null when it looks at a file. */
export function aimOf(check: Check): { readonly step: string; readonly path: readonly string[] } | null {
  if (check.kind === 'fileExists' || check.kind === 'fileMatches') return null
  if (check.kind === 'stepSucceeded') return { step: check.step, path: [] }
  if (check.kind === 'exitCode') return { step: check.step, path: ['exitCode'] }
  return { step: check.step, path: check.path === '' ? [] : check.path.split('.') }
}

function targetProblem(
  { plan, graph, done, outputOf, suggest }: Names,
  stepId: string,
  path: readonly string[],
): { readonly message: string; readonly hint: string } | null {
  const position = graph.index.get(stepId)
  if (position === undefined) {
    const earlier = done.get(stepId)
    if (earlier?.outcome === 'succeeded') return null
    if (earlier !== undefined)
      return { message: `step ${stepId} of an earlier plan put out nothing: it was ${earlier.outcome}`, hint: 'Look at a step that succeeded.' }
    return { message: `the plan has no step ${stepId}`, hint: remedy(suggest(stepId), 'Add the step, or look at another') }
  }
  const capability = plan.steps[position]?.capability ?? ''
  const schema = outputOf(capability)
  const problem = schema === undefined ? null : outputProblem(schema, path)
  return problem === null
    ? null
    : { message: `the output of ${capability} ${problem}`, hint: 'Look at its output with `planner-exec capabilities NAME`.' }
}

function remedy(near: string | null, otherwise: string): string {
  return near === null ? `${otherwise}.` : `Did you mean ${near}? ${otherwise} otherwise.`
}

function idAt(plan: { readonly steps: readonly Pick<PlanStep, 'id'>[] }, position: number): string {
  return plan.steps[position]?.id ?? `#${position + 1}`
}

/** A place in a step's arguments as a dotted path from the plan. */
export function pathOf(position: number, at: readonly (string | number)[]): string {
  return ['steps', position, 'args', ...at].join('.')
}
