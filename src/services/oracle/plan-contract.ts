import { posix } from 'node:path'
import type * as z from 'zod'
import { RiskLevel, type PlanFinding, type PlanStep } from '../../model/plan.ts'
import type { Target } from '../../model/action.ts'
import type { Verdict } from '../../model/verdict.ts'
import type { CapabilityCatalog, CapabilityDefinition } from '../executor/executor.ts'
import { comesAfter } from './graph.ts'
import { createSuggester } from '../../input/nearest.ts'
import { pathOf, type Structure } from './plan-structure.ts'

/** What a plan's steps are held against. */
export interface Contract {
  readonly catalog: CapabilityCatalog
  readonly verdicts: ReadonlyMap<string, Verdict & { readonly atDispatch: boolean }>
  /** Steps under way or settled: judged before, not judged again. */
  readonly live: ReadonlySet<string>
}

type Place = readonly (string | number)[]
type Add = (finding: PlanFinding) => void

/** Checks each step against its capability and the policy, and the steps that write against each other. */
export function contractFindings(structure: Structure, contract: Contract): readonly PlanFinding[] {
  const findings: PlanFinding[] = []
  const add: Add = (finding) => findings.push(finding)
  const suggest = createSuggester(contract.catalog.list().map(({ name }) => name))
  const unavailable = new Map<string, ReturnType<CapabilityCatalog['unavailable']>>()
  const writers = new Map<string, number[]>()
  for (const [position, step] of structure.plan.steps.entries()) {
    const capability = contract.catalog.get(step.capability)
    const verdict = contract.verdicts.get(step.id)
    if (capability === undefined) {
      const near = suggest(step.capability)
      const hint = near === null ? 'Use a capability that `planner-exec capabilities` lists.' : `Did you mean ${near}?`
      add(
        problem('E_UNKNOWN_CAPABILITY', step, `steps.${position}.capability`, `Step ${step.id} uses ${step.capability}, which does not exist.`, hint),
      )
      continue
    }
    if (!unavailable.has(step.capability)) unavailable.set(step.capability, contract.catalog.unavailable(step.capability))
    const missing = unavailable.get(step.capability) ?? null
    if (missing !== null && !contract.live.has(step.id)) add(unavailability(step, position, missing))
    if (understates(step, capability)) {
      add(
        problem(
          'E_RISK_UNDERSTATED',
          step,
          `steps.${position}.risk`,
          `Step ${step.id} calls its risk ${step.risk}, but ${step.capability} has at least ${capability.risk}.`,
          `Say ${capability.risk}, or leave risk out.`,
        ),
      )
    }
    if (verdict?.decision === 'deny' && !contract.live.has(step.id)) {
      const hint = verdict.hint ?? 'Change the step, or use a policy that allows it.'
      add(
        problem(
          'E_CAPABILITY_DENIED',
          step,
          `steps.${position}`,
          `Step ${step.id} (${step.capability}) is denied by ${verdict.ruleId}: ${verdict.reason}`,
          hint,
        ),
      )
    }
    const places = (structure.references[position] ?? []).map(({ at }) => at)
    for (const path of new Set(writesOf(step, position, capability, places, add))) {
      const known = writers.get(path)
      if (known === undefined) writers.set(path, [position])
      else known.push(position)
    }
  }
  conflictsOf(structure, writers, add)
  return findings
}

/** True when a step claims less risk than any use of its capability has. */
export function understates(step: Pick<PlanStep, 'risk'>, capability: Pick<CapabilityDefinition, 'risk'>): boolean {
  return step.risk !== undefined && RiskLevel.options.indexOf(step.risk) < RiskLevel.options.indexOf(capability.risk)
}

function problem(code: string, step: PlanStep, path: string, message: string, hint: string): PlanFinding {
  return { code, severity: 'error', stepId: step.id, path, message, hint }
}

/** A step that may fail without harm to the plan may also be unable to run. */
function unavailability(step: PlanStep, position: number, missing: { readonly reason: string; readonly hint: string }): PlanFinding {
  const found = problem(
    'E_CAPABILITY_UNAVAILABLE',
    step,
    `steps.${position}.capability`,
    `Step ${step.id} uses ${step.capability}, which cannot run here: ${missing.reason}`,
    missing.hint,
  )
  return step.onFailure === 'skip' ? { ...found, code: 'W_CAPABILITY_UNAVAILABLE', severity: 'warning' } : found
}

/** Checks the arguments; returns the paths that the step writes, as far as they are known. */
function writesOf(step: PlanStep, position: number, capability: CapabilityDefinition, references: readonly Place[], add: Add): readonly string[] {
  try {
    const parsed = capability.args.safeParse(step.args)
    const issues = parsed.success ? [] : parsed.error.issues.filter((issue) => !isOpen(issue, references))
    for (const issue of issues) {
      const at = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
      const hint = `\`planner-exec capabilities ${step.capability}\` shows what it takes.`
      add(
        problem(
          'E_ARGS_SCHEMA',
          step,
          pathOf(position, at),
          `Step ${step.id}: ${['args', ...at].join('.')} does not fit ${step.capability}: ${issue.message}`,
          hint,
        ),
      )
    }
    if (issues.length > 0) return []
    return pathsWritten(parsed.success ? capability.targets(parsed.data) : targetsOfOpenArgs(capability, step))
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    add(
      problem(
        'E_ARGS_SCHEMA',
        step,
        pathOf(position, []),
        `Step ${step.id}: the arguments could not be checked against ${step.capability}: ${cause}`,
        'Report this to the author of the capability.',
      ),
    )
    return []
  }
}

/** Arguments with a reference where another type is wanted: their targets are known only as far as they do not need it. */
function targetsOfOpenArgs(capability: CapabilityDefinition, step: PlanStep): readonly Target[] {
  try {
    return capability.targets(step.args)
  } catch {
    return []
  }
}

/** Whether an issue may vanish once the references are resolved: it stands at one, or judges something that contains one. */
function isOpen(issue: z.core.$ZodIssue, references: readonly Place[]): boolean {
  const at = issue.path
  const judgesWhole = issue.code === 'invalid_union' || issue.code === 'custom'
  return references.some(
    (place) => (judgesWhole ? at.length <= place.length : at.length === place.length) && at.every((key, depth) => key === place[depth]),
  )
}

function pathsWritten(targets: readonly Target[]): readonly string[] {
  return targets
    .flatMap((target) => (target.kind === 'path' && target.access === 'write' && !target.path.includes('${steps') ? [target.path] : []))
    .map((path) => posix.normalize(path).replace(/(?<=.)\/$/, ''))
}

/**
 * Steps that write one path must be ordered. All pairs are when each is ordered with the next in the plan's order, so that is all
 * that is asked.
 */
function conflictsOf({ plan, graph }: Structure, writers: ReadonlyMap<string, readonly number[]>, add: Add): void {
  const questions: { readonly path: string; readonly pair: readonly [number, number] }[] = []
  for (const [path, positions] of writers) {
    const sorted = positions.toSorted((a, b) => (graph.component[a] ?? 0) - (graph.component[b] ?? 0))
    for (const [at, position] of sorted.entries()) {
      const before = sorted[at - 1]
      if (before !== undefined) questions.push({ path, pair: [before, position] })
    }
  }
  for (const [at, ordered] of comesAfter(
    graph,
    questions.map(({ pair }) => pair),
  ).entries()) {
    const question = questions[at]
    if (ordered || question === undefined) continue
    const [a, b] = question.pair
    const later = Math.max(a, b)
    const first = plan.steps[Math.min(a, b)]
    const second = plan.steps[later]
    if (first === undefined || second === undefined || first.id === second.id) continue
    const message = `Steps ${first.id} and ${second.id} both write ${question.path}, and neither waits for the other.`
    add(problem('E_WRITE_CONFLICT', second, `steps.${later}`, message, `Add ${first.id} to the dependsOn of ${second.id}.`))
  }
}
