import { describe, expect, it } from 'vitest'
import { analysisCapabilities } from '../../../src/services/executor/capabilities/analysis/index.ts'
import { baseCapabilities } from '../../../src/services/executor/capabilities/index.ts'
import { candidatesOf, rankPlaybooks } from '../../../src/services/oracle/matching.ts'
import { loadPlaybooks } from '../../../src/services/oracle/playbook-file.ts'

const playbooks = await loadPlaybooks()
const playbook = playbooks.find(({ id }) => id === 'analyze-repo')

describe('the playbook analyze-repo', () => {
  it('only reads, by capabilities that exist and take its arguments', () => {
    const capabilities = new Map([...baseCapabilities, ...analysisCapabilities].map((capability) => [capability.name, capability]))
    const used = [...(playbook?.steps ?? []), ...Object.values(playbook?.fallbacks ?? {})]

    expect(used).toHaveLength(7)
    for (const step of used) {
      const capability = capabilities.get(step.capability)
      expect(capability?.effect).toBe('read')
      expect(capability?.args.safeParse(step.args).success).toBe(true)
    }
  })

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
  ])('is chosen for %j', (goal) => {
    expect(candidatesOf(rankPlaybooks(goal, playbooks)).map(({ playbook: { id } }) => id)).toEqual(['analyze-repo'])
  })

  it.each([
    'Deploy to production',
    'Fix the flaky test',
    'Delete all files',
    'Translate the README to French',
    'Do not analyze this codebase',
    'Update the dependencies',
    'Write a file hello.txt',
  ])('is not chosen for %j', (goal) => {
    expect(candidatesOf(rankPlaybooks(goal, playbooks)).map(({ playbook: { id } }) => id)).not.toContain('analyze-repo')
  })
})
