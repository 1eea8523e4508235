import { describe, expect, it } from 'vitest'
import { DEFAULT_GOAL } from '../../../src/model/goal.ts'
import { createCatalog } from '../../../src/services/executor/catalog.ts'
import { analysisCapabilities } from '../../../src/services/executor/capabilities/analysis/index.ts'
import { baseCapabilities } from '../../../src/services/executor/capabilities/index.ts'
import { deliberate } from '../../../src/services/oracle/committee.ts'
import { factsFrom, needsOf, readFor } from '../../../src/services/oracle/facts.ts'
import { rankPlaybooks } from '../../../src/services/oracle/matching.ts'
import { loadPlaybooks } from '../../../src/services/oracle/playbook-file.ts'
import { draftFrom } from '../../../src/services/oracle/playbook-plan.ts'
import { validatePlan } from '../../../src/services/oracle/plan-validator.ts'
import { sourceOf } from '../../../src/services/oracle/research.ts'
import { requestOf, resultOf } from './oracle.fixture.ts'

const playbooks = await loadPlaybooks()
const catalog = createCatalog([...baseCapabilities, ...analysisCapabilities], { git: null, sandbox: null })
const limits = { catalog, maxSteps: 50, timeoutMs: 300_000 }
const needs = ['git', ...playbooks.flatMap(({ steps }) => steps.flatMap(({ when }) => (when === undefined ? [] : needsOf(when))))]
const evidence = [...new Set(needs)].map((need, at) => ({ id: `e${at}`, source: sourceOf(readFor(need)), sha256: '', quote: '{"exists":true}' }))

describe('the shipped playbooks', () => {
  it.each([DEFAULT_GOAL, 'review this repo', 'suggest improvements for this project', 'Please review my project', 'Analyse the code base!'])(
    'plan %j with analyze-repo, clearly',
    (goal) => {
      const [best] = rankPlaybooks(goal, playbooks)

      expect(best?.playbook.id).toBe('analyze-repo')
      expect(best?.score).toBeGreaterThan(0.85)
    },
  )

  it.each([
    'Simple test workflow',
    'Fix the flaky test in this repo',
    'Delete everything after you analyze this codebase',
    'Write a report about cats',
    'Deploy this project',
    'このコードベースを削除して',
  ])('do not plan %j', (goal) => {
    expect(rankPlaybooks(goal, playbooks)[0]?.score).toBeLessThan(0.7)
  })

  it.each(playbooks.map((playbook) => [playbook.id, playbook] as const))('make sound plans that are agreed on: %s', (_, playbook) => {
    for (const known of [evidence, []]) {
      const draft = draftFrom(playbook, requestOf(DEFAULT_GOAL, { evidence: known, maxSteps: 50 }), factsFrom(known))
      if (draft.kind === 'none') throw new Error(draft.reason)

      expect(validatePlan(draft.plan, limits).filter(({ severity }) => severity === 'error')).toEqual([])
      expect(deliberate({ ...limits, plan: draft.plan }).kind).toBe('consensus')
    }
  })

  it.each(playbooks.map((playbook) => [playbook.id, playbook] as const))('fit into the ten steps of a simple run: %s', (_, playbook) => {
    const context = { since: 'main', external: true }
    const draft = draftFrom(playbook, requestOf('x', { evidence, context, maxSteps: 10 }), factsFrom(evidence))
    if (draft.kind === 'none') throw new Error(draft.reason)

    expect(validatePlan(draft.plan, { ...limits, maxSteps: 10 }).filter(({ severity }) => severity === 'error')).toEqual([])
  })

  it.each(playbooks.flatMap((playbook) => Object.keys(playbook.fallbacks).map((id) => [playbook.id, id, playbook] as const)))(
    'have another sound way: %s without %s',
    (_, stepId, playbook) => {
      const failed = playbook.steps.find(({ id }) => id === stepId)
      const done =
        failed === undefined ? [] : [{ stepId, capability: failed.capability, args: failed.args, result: resultOf(stepId, { outcome: 'failed' }) }]

      const draft = draftFrom(playbook, requestOf(DEFAULT_GOAL, { evidence, replans: 1, done, maxSteps: 50 }), factsFrom(evidence))
      if (draft.kind === 'none') throw new Error(draft.reason)

      expect(validatePlan(draft.plan, { ...limits, done }).filter(({ severity }) => severity === 'error')).toEqual([])
    },
  )
})
