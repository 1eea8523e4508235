import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/model/action.ts'
import { packagePath } from '../../../src/package-path.ts'
import { analysisCapabilities } from '../../../src/services/executor/capabilities/analysis/index.ts'
import { baseCapabilities } from '../../../src/services/executor/capabilities/index.ts'
import { createCatalog } from '../../../src/services/executor/catalog.ts'
import { lintLines, loadPolicy } from '../../../src/services/guard/policy-file.ts'
import { PolicyTests, runPolicyTests } from '../../../src/services/guard/policy-tests.ts'
import { createPolicyGuard } from '../../../src/services/guard/policy.guard.ts'
import { readYamlFile } from '../../../src/services/oracle/yaml-document.ts'
import { action, exec, SCOPE, temporaryFolder, tinyCatalog } from './fixtures.ts'

const run = (text: string): Action => exec(...text.split(' '))
const at = (capability: string, path?: string): Action => action(capability, path === undefined ? {} : { path })

/** What each profile says: workstation, server, paranoid. */
const TABLE: readonly (readonly [Action, string, string, string])[] = [
  [at('analysis.inventory.v1'), 'allow', 'allow', 'ask'],
  [at('analysis.markers.v1', 'src'), 'allow', 'allow', 'ask'],
  [at('git.log.v1'), 'allow', 'allow', 'ask'],
  [at('git.status.v1'), 'allow', 'allow', 'ask'],
  [at('fs.list.v1'), 'allow', 'allow', 'allow'],
  [at('fs.list.v1', 'src'), 'allow', 'allow', 'allow'],
  [at('fs.stat.v1', 'README.md'), 'allow', 'allow', 'allow'],
  [at('fs.search.v1'), 'allow', 'allow', 'ask'],
  [at('fs.read.v1', 'README.md'), 'allow', 'allow', 'ask'],
  [at('fs.read.v1', '.github/workflows/ci.yml'), 'allow', 'allow', 'ask'],
  [at('fs.read.v1', 'src/environment.ts'), 'allow', 'allow', 'ask'],
  [at('fs.read.v1', '.env'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', 'app/.env.production'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', 'certs/server.PEM'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', 'id_rsa'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', '.ssh/config'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', '.git/config'), 'deny', 'deny', 'deny'],
  [at('fs.stat.v1', '.npmrc'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', '../other/file'), 'deny', 'deny', 'deny'],
  [at('fs.read.v1', '.planner-exec/planner-exec.db'), 'deny', 'deny', 'deny'],
  [at('fs.write.v1', 'src/a.ts'), 'ask', 'deny', 'ask'],
  [at('fs.write.v1', 'reports/a.md'), 'ask', 'ask', 'ask'],
  [at('fs.write.v1', 'reports/../src/a.ts'), 'ask', 'deny', 'ask'],
  [at('fs.write.v1', '.env'), 'deny', 'deny', 'deny'],
  [at('fs.write.v1', '.git/hooks/pre-commit'), 'deny', 'deny', 'deny'],
  [action('http.fetch.v1', { url: 'https://example.com' }), 'ask', 'deny', 'deny'],
  [action('http.fetch.v1', { url: 'http://127.0.0.1/' }), 'deny', 'deny', 'deny'],
  [run('ls -la src'), 'allow', 'deny', 'deny'],
  [run('cat README.md'), 'allow', 'deny', 'deny'],
  [exec('sh', '-c', 'ls | wc -l'), 'allow', 'deny', 'deny'],
  [exec('sh', '-c', 'ls > names'), 'ask', 'deny', 'deny'],
  [exec('sh', '-c', 'ls | sh'), 'ask', 'deny', 'deny'],
  [exec('find', '.', '-exec', 'rm', '{}', ';'), 'ask', 'deny', 'deny'],
  [run('sort --compress-program sh a'), 'ask', 'deny', 'deny'],
  [run('npm test'), 'ask', 'deny', 'deny'],
  [run('git push'), 'ask', 'deny', 'deny'],
  [run('pseudocode sudo it'), 'ask', 'deny', 'deny'],
  [run('rm notes.txt'), 'ask', 'deny', 'deny'],
  [run('rm -rf /'), 'deny', 'deny', 'deny'],
  [run('rm -fr /'), 'deny', 'deny', 'deny'],
  [run('rm -f -r /'), 'deny', 'deny', 'deny'],
  [run('rm --force / --recursive'), 'deny', 'deny', 'deny'],
  [run('rm -R --force /'), 'deny', 'deny', 'deny'],
  [run('/bin/rm -fR /'), 'deny', 'deny', 'deny'],
  [run('env X=1 rm -rf /'), 'deny', 'deny', 'deny'],
  [exec('rm', '', '-rf', '/'), 'deny', 'deny', 'deny'],
  [run('sudo ls'), 'deny', 'deny', 'deny'],
  [run('dd bs=1 if=/dev/sda of=x'), 'deny', 'deny', 'deny'],
  [run('mkfs.ext4 /dev/sda'), 'deny', 'deny', 'deny'],
  [run('chmod -R 777 .'), 'deny', 'deny', 'deny'],
  [run('chmod 0777 a'), 'deny', 'deny', 'deny'],
  [run('chmod go+w a'), 'deny', 'deny', 'deny'],
  [run('chmod 644 a'), 'ask', 'deny', 'deny'],
  [run('git push --force origin main'), 'deny', 'deny', 'deny'],
  [run('git -C sub push -f'), 'deny', 'deny', 'deny'],
  [run('git push origin +main'), 'deny', 'deny', 'deny'],
]

describe.each(['workstation', 'server', 'paranoid'] as const)('the profile %s', (name) => {
  const column = { workstation: 1, server: 2, paranoid: 3 } as const

  it('decides the table', async () => {
    const { policy } = await loadPolicy(name)
    const workspace = await temporaryFolder()
    const guard = createPolicyGuard({ policy, name, catalog: tinyCatalog(), workspace, stateDir: `${workspace}/.planner-exec` })

    const decided = await Promise.all(TABLE.map(async ([given]) => [given.capability, given.args, (await guard.judge(given, SCOPE)).decision]))

    expect(decided).toEqual(TABLE.map((row) => [row[0].capability, row[0].args, row[column[name]]]))
  })

  it('gives a reason for every rule and is strict', async () => {
    const { policy } = await loadPolicy(name)

    expect(policy.rules.filter((rule) => !rule.reason)).toEqual([])
    expect(policy.enforcement).toBe('strict')
  })
})

describe.each(['workstation', 'server', 'paranoid'])('the tests shipped with the profile %s', (name) => {
  it('pass, and nothing in the profile is hardly meant', async () => {
    const loaded = await loadPolicy(name)
    const { value } = await readYamlFile(packagePath(`policies/tests/${name}.yaml`), { maxBytes: 1e6, code: 'POLICY_INVALID', subject: 'Tests' })
    const workspace = await temporaryFolder()
    const catalog = { ...createCatalog([...baseCapabilities, ...analysisCapabilities], { git: null, sandbox: null }), unavailable: () => null }
    const guard = createPolicyGuard({ policy: loaded.policy, name, catalog, workspace, stateDir: `${workspace}/.planner-exec` })

    const outcomes = await runPolicyTests(PolicyTests.parse(value).cases, guard, catalog)

    expect(outcomes.filter(({ ok }) => !ok)).toEqual([])
    expect(lintLines(loaded)).toEqual([])
  })
})

describe('the profile workstation', () => {
  it('names the rule and its reason', async () => {
    const { policy } = await loadPolicy('workstation')
    const workspace = await temporaryFolder()
    const guard = createPolicyGuard({ policy, name: 'workstation', catalog: tinyCatalog(), workspace, stateDir: `${workspace}/.planner-exec` })

    const verdict = await guard.judge(run('sudo ls'), SCOPE)

    expect(verdict).toMatchObject({
      ruleId: 'workstation:other-users',
      reason: "No action runs with another user's rights.",
    })
  })
})
