import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadEffectivePolicy, userPolicyPath, WORKSPACE_POLICY } from '../../../src/services/guard/effective-policy.ts'
import { temporaryFolder } from './fixtures.ts'

async function places(files: { readonly user?: string; readonly workspace?: string } = {}) {
  const folder = await temporaryFolder()
  const env = { XDG_CONFIG_HOME: join(folder, 'config') }
  const workspace = join(folder, 'work')
  await Promise.all([mkdir(workspace), mkdir(join(folder, 'config', 'planner-exec'), { recursive: true })])
  if (files.user !== undefined) await writeFile(userPolicyPath(env), files.user)
  if (files.workspace !== undefined) await writeFile(join(workspace, WORKSPACE_POLICY), files.workspace)
  return { base: 'workstation', env, workspace }
}

describe('loadEffectivePolicy', () => {
  it('is the profile when there is nothing else', async () => {
    const { name, problems, origins, policy } = await loadEffectivePolicy(await places())

    expect([name, problems, origins.length]).toEqual(['workstation', [], policy.rules.length])
  })

  it('lays the user, the workspace and what is typed over it', async () => {
    const sources = await places({
      user: 'version: 1\nrules:\n  - allow: fs.write(out/**)\n',
      workspace: 'version: 1\nrules:\n  - deny: fs.write(out/x)\n  - allow: shell.exec\n',
    })

    const { origins, problems } = await loadEffectivePolicy({ ...sources, typed: { allow: ['git.log'], deny: ['fs.read(private/**)'] } })

    expect(origins.slice(-4).map(({ policy, index, at }) => [policy, index, at])).toEqual([
      ['user', 0, `${userPolicyPath(sources.env)}:3`],
      ['workspace', 0, `${join(sources.workspace, WORKSPACE_POLICY)}:3`],
      ['command-line', 0, null],
      ['command-line', 1, null],
    ])
    expect(problems).toMatchObject([{ severity: 'warning', at: `${join(sources.workspace, WORKSPACE_POLICY)}:4` }])
  })

  it('is refused when the user widens what may only be narrowed', async () => {
    const sources = await places({ user: 'version: 1\nnarrow_only: true\n' })

    const loading = loadEffectivePolicy({ ...sources, typed: { allow: ['shell.exec'] } })

    await expect(loading).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringMatching(/command-line: "shell\.exec" has no effect, and user lets it only/),
    })
  })

  it('is refused when the policy of the workspace cannot be read as one, or leads elsewhere', async () => {
    const broken = await places({ workspace: 'version: 2\n' })
    const linked = await places()
    await symlink('/etc/hostname', join(linked.workspace, WORKSPACE_POLICY))

    await expect(loadEffectivePolicy(broken)).rejects.toMatchObject({ code: 'POLICY_INVALID' })
    await expect(loadEffectivePolicy(linked)).rejects.toMatchObject({ code: 'POLICY_INVALID', message: expect.stringContaining('is not a file') })
  })

  it('does not take a relative folder for the configuration', () => {
    expect(userPolicyPath({ XDG_CONFIG_HOME: 'here', HOME: '/home/a' })).toBe('/home/a/.config/planner-exec/policy.yaml')
  })
})
