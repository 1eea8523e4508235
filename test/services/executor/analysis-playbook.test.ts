import { describe, expect, it } from 'vitest'
import { analysisCapabilities } from '../../../src/services/executor/capabilities/analysis/index.ts'
import { baseCapabilities } from '../../../src/services/executor/capabilities/index.ts'
import { createCatalog } from '../../../src/services/executor/catalog.ts'
import { loadPolicy } from '../../../src/services/guard/policy-file.ts'
import { createPolicyGuard } from '../../../src/services/guard/policy.guard.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import type { Facts } from '../../../src/services/oracle/facts.ts'
import { candidatesOf, rankPlaybooks } from '../../../src/services/oracle/matching.ts'
import { loadPlaybooks } from '../../../src/services/oracle/playbook-file.ts'
import { draftFrom } from '../../../src/services/oracle/playbook-plan.ts'
import { requestOf } from '../oracle/oracle.fixture.ts'
import { makeWorkspace } from './analysis.fixture.ts'

const playbooks = await loadPlaybooks()
const capabilities = new Map([...baseCapabilities, ...analysisCapabilities].map((capability) => [capability.name, capability]))
const meantBy = (goal: string) => candidatesOf(rankPlaybooks(goal, playbooks)).map(({ playbook: { id } }) => id)

describe.each(['analyze-repo', 'todo-cleanup'])('the playbook %s', (id) => {
  const playbook = playbooks.find((each) => each.id === id)
  const used = [...(playbook?.steps ?? []), ...Object.values(playbook?.fallbacks ?? {})]

  it('only reads unless its caller wants more, by capabilities that exist', () => {
    const unasked = used.filter(({ when }) => when?.param !== 'external')

    expect(unasked.length).toBeGreaterThan(3)
    expect(unasked.map(({ capability }) => capabilities.get(capability)?.effect ?? capability)).toEqual(unasked.map(() => 'read'))
  })

  it('gives its capabilities arguments that they take', () => {
    const refused = used.filter(({ capability, args }) => {
      const filled = Object.fromEntries(
        Object.entries(args).map(([key, value]) => [key, value === '${steps.markers.output.unfinished}' ? [] : value]),
      )
      return capabilities.get(capability)?.args.safeParse(filled).success !== true
    })

    expect(refused.map((step) => step.title)).toEqual([])
  })
})

describe('the steps of analyze-repo under the policy workstation', () => {
  const verdicts = async (context: JsonObject) => {
    const found = playbooks.find(({ id }) => id === 'analyze-repo')
    if (found === undefined) throw new Error('there is no analyze-repo')
    const there: Facts = { git: true, exists: () => true }
    const draft = draftFrom(found, requestOf('analyze', { context, maxSteps: 50 }), there)
    if (draft.kind === 'none') throw new Error(draft.reason)
    const workspace = makeWorkspace()
    const { policy } = await loadPolicy('workstation')
    const catalog = createCatalog([...capabilities.values()], { git: null, sandbox: null })
    const guard = createPolicyGuard({ policy, name: 'workstation', catalog, workspace, stateDir: `${workspace}/.planner-exec` })
    const scope = { runId: 'run', allowedCapabilities: [] }
    const judged = draft.plan.steps.map(async ({ id, capability, args }) => {
      const { decision } = await guard.judge({ runId: 'run', stepId: id, capability, args }, scope)
      return [id, decision] as const
    })
    return Promise.all(judged)
  }

  it('ask for nothing, unless programs of the project may run: these ask', async () => {
    const plain = await verdicts({})
    const asked = (await verdicts({ external: true })).filter(([, decision]) => decision !== 'allow')

    expect(plain.map(([id]) => id)).not.toContain('own-tests')
    expect(plain.filter(([, decision]) => decision !== 'allow')).toEqual([])
    expect(asked).toEqual([
      ['own-lint', 'ask'],
      ['own-tests', 'ask'],
    ])
  })
})

describe('a goal', () => {
  it.each([
    'Analyze this codebase and suggest improvements',
    'analyse my repo',
    'What can be improved here?',
    'please review my code',
    'Review this repository and tell me what to fix first',
    'audit project',
    'code review',
    'suggest improvements',
    'find tech debt',
    'Give me an overview of the codebase.',
    'Which parts of this code are bad?',
    'check the code quality',
    'where should I start to clean up',
  ])('of improving is analyze-repo: %j', (goal) => {
    expect(meantBy(goal)).toEqual(['analyze-repo'])
  })

  it.each([
    'clean up the TODOs',
    'Clean up TODOs in this repo',
    'which TODOs are oldest?',
    'find the oldest TODO',
    'List all FIXMEs',
    'todo cleanup',
    'rank the TODO comments of this project',
    'Review the TODOs in this codebase',
    'what unfinished work is in this repository',
    'find unfinished work',
    'Sort my TODOs by age',
  ])('about what was put off is todo-cleanup: %j', (goal) => {
    expect(meantBy(goal)).toEqual(['todo-cleanup'])
  })

  it.each([
    'Deploy to production',
    'Fix the flaky test',
    'Delete all files',
    'Translate the README to French',
    'Do not analyze this codebase',
    'Update the dependencies',
    'Write a file hello.txt',
    'Write a TODO app',
    'Delete the TODOs',
    'Implement the oldest TODO',
    'Add a TODO list page to this project',
    'Clean up the build folder',
    'Clean up my disk',
    'Do not touch the TODOs',
  ])('of another kind is none of them: %j', (goal) => {
    expect(meantBy(goal)).toEqual([])
  })
})
