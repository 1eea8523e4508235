import * as z from 'zod'
import type { Action } from '../../model/action.ts'
import { Decision } from '../../model/verdict.ts'
import type { CapabilityCatalog } from '../executor/executor.ts'
import type { Guard, GuardScope } from './guard.ts'
import { baseNameOf } from './names.ts'

/** One row of a table of tests: an action, and what the policy must say to it. */
export const PolicyTest = z.strictObject({
  /** With or without version: `fs.read`. */
  capability: z.string().min(1),
  args: z.record(z.string(), z.json()).default({}),
  expect: Decision,
  /** The rule that must decide, as verdicts name it, or the end of its name: `secrets`, `rules[3].deny`. */
  rule: z.string().optional(),
  why: z.string().optional(),
})
export type PolicyTest = z.infer<typeof PolicyTest>

/** A file of tests. */
export const PolicyTests = z.strictObject({ cases: z.array(PolicyTest).min(1) })
export type PolicyTests = z.infer<typeof PolicyTests>

/** What the guard said to one test. */
export interface TestOutcome {
  readonly test: PolicyTest
  readonly ok: boolean
  readonly decision: string
  readonly ruleId: string
  readonly reason: string
}

const SCOPE: GuardScope = { runId: 'policy-test', allowedCapabilities: [] }

/** Judges every test with a guard, as a run would have it judged. Nothing is carried out. */
export async function runPolicyTests(tests: readonly PolicyTest[], guard: Guard, catalog: CapabilityCatalog): Promise<readonly TestOutcome[]> {
  return Promise.all(
    tests.map(async (test, index) => {
      const action: Action = { runId: SCOPE.runId, stepId: `case-${index}`, capability: fullName(test.capability, catalog), args: test.args }
      const { decision, ruleId, reason } = await guard.judge(action, SCOPE)
      return { test, ok: decision === test.expect && isNamed(ruleId, test.rule), decision, ruleId, reason }
    }),
  )
}

function isNamed(ruleId: string, wanted: string | undefined): boolean {
  return wanted === undefined || ruleId === wanted || ruleId.endsWith(`:${wanted}`)
}

/** The newest version of a capability that is named without. */
function fullName(name: string, catalog: CapabilityCatalog): string {
  if (catalog.get(name)) return name
  const versions = catalog.list().flatMap((definition) => (baseNameOf(definition.name) === name ? [definition.name] : []))
  return versions.sort((a, b) => versionOf(b) - versionOf(a))[0] ?? name
}

function versionOf(name: string): number {
  return Number(/\.v([0-9]+)$/.exec(name)?.[1] ?? 0)
}
