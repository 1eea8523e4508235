import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packagePath } from '../../../src/package-path.ts'
import { parseYaml } from '../../../src/input/yaml.ts'
import { Policy, PolicyRule } from '../../../src/model/policy.ts'
import { FUNCTIONS } from '../../../src/services/guard/condition/engine.ts'
import { fieldsOf, VARIABLES } from '../../../src/services/guard/condition/variables.ts'
import { loadPolicy } from '../../../src/services/guard/policy-file.ts'
import { createPolicyGuard } from '../../../src/services/guard/policy.guard.ts'
import { PolicyTests, runPolicyTests } from '../../../src/services/guard/policy-tests.ts'
import { temporaryFolder, tinyCatalog } from './fixtures.ts'

const text = await readFile(packagePath('docs/policies.md'), 'utf8')
const blocks = [...text.matchAll(/^```yaml( tests)?\n(.*?)^```$/gms)].map(([, tests, code = '']) => ({ isTests: tests !== undefined, code }))
const policies = blocks.filter(({ isTests }) => !isTests).map(({ code }) => code)

async function load(code: string) {
  const file = join(await temporaryFolder(), 'documented.yaml')
  await writeFile(file, code)
  return loadPolicy(file)
}

describe('docs/policies.md', () => {
  it.each(policies.map((code, index) => [index, code] as const))('shows policies that load: number %i', async (_, code) => {
    expect((await load(code)).policy.version).toBe(1)
  })

  it('shows tests that the policy at its beginning passes', async () => {
    const { policy } = await load(policies[0] ?? '')
    const [tests] = blocks.filter(({ isTests }) => isTests)
    const yaml = await parseYaml(tests?.code ?? '')
    const workspace = await temporaryFolder()
    const catalog = tinyCatalog()
    const guard = createPolicyGuard({ policy, name: 'documented', catalog, workspace, stateDir: `${workspace}/.planner-exec` })

    const outcomes = await runPolicyTests(PolicyTests.parse(yaml.ok ? yaml.value : null).cases, guard, catalog)

    expect(outcomes.map(({ ok, ruleId }) => [ok, ruleId])).toEqual([
      [true, 'documented:rules[1].allow'],
      [true, 'documented:secrets'],
      [true, 'documented:rules[3].deny'],
    ])
  })

  it('names every key, variable, field and function that there is', () => {
    const fields = Object.keys(VARIABLES).flatMap((name) => fieldsOf(name)?.map((field) => `${name}.${field}`) ?? [name])
    const functions = [...FUNCTIONS].filter((name) => /^[a-z]/i.test(name))
    const keys = [...Object.keys(Policy.shape), ...Object.keys(PolicyRule.shape), ...Object.keys(Policy.shape.limits.unwrap().shape)]

    expect([...fields, ...functions, ...keys].filter((name) => !new RegExp(`\\b${name.replaceAll('.', '\\.')}\\b`).test(text))).toEqual([])
  })
})
