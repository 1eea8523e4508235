import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createController } from '../../src/index.ts'
import { makeFolder } from '../support/controller-rig.ts'

describe('the policy of a workspace', () => {
  it.each([
    ['tainted', { pinned: true, taint: [{ path: 'body', source: 'file' as const, from: 'look' }] }],
    ['unplanned', { pinned: false, taint: [] }],
  ])('cannot let what is %s pass by denying it where denials pass', async (setting, provenance) => {
    const [workspace, folder] = [await makeFolder(), await makeFolder()]
    const policy = join(folder, 'permissive.yaml')
    writeFileSync(policy, "version: 1\nenforcement: permissive\ndefaults: { '*': allow }\n")
    writeFileSync(join(workspace, '.planner-exec.policy.yaml'), `version: 1\ntrajectory: { ${setting}: deny }\n`)
    const controller = await createController({ workspace, policy, state: join(folder, 'state') })
    onTestFinished(() => controller.close())
    const args = { url: 'https://example.com/', method: 'POST', body: 'what was read' }

    const verdict = await controller.guard.judge(
      { runId: 'r', stepId: 's', capability: 'http.send.v1', args },
      { runId: 'r', allowedCapabilities: [], provenance: () => provenance },
    )

    expect(verdict.decision).toBe('ask')
  })
  it('is checked in time that grows with it, however many entries it has', async () => {
    const [workspace, folder] = [await makeFolder(), await makeFolder()]
    const entries = Array.from({ length: 20_000 }, (_, index) => `'*(${index.toString(36)})'`)
    writeFileSync(join(workspace, '.planner-exec.policy.yaml'), `version: 1\nrules:\n  - deny: [${entries.join(',')}]\n`)

    const controller = await createController({ workspace, policy: 'workstation', state: join(folder, 'state') })
    onTestFinished(() => controller.close())

    expect(controller.guard.policyName).toBe('workstation')
  })
})
