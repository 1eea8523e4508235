import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { operandsOf } from '../../../src/services/guard/operands.ts'
import { exec, makeGuard, SCOPE, temporaryFolder } from './fixtures.ts'

const placesIn = (workspace: string) => ({ workspace, workspaceAlias: workspace, stateDir: join(workspace, '.planner-exec'), home: '/home/somebody' })

function namesOf(workspace: string, argv: readonly string[], cwd?: string): readonly (readonly [string, string])[] {
  const found = operandsOf([{ kind: 'command', argv }], cwd === undefined ? {} : { cwd }, placesIn(workspace))
  return found.flatMap(({ access, names }) => names.map((name) => [access, name.slice(workspace.length + 1)] as const))
}

describe('the files that a command names', () => {
  it.each<[readonly string[], string | undefined, readonly (readonly [string, string])[]]>([
    [
      ['cat', 'a', './b/../c'],
      undefined,
      [
        ['read', 'a'],
        ['read', 'c'],
      ],
    ],
    [['cat', 'a'], 'deep/er', [['read', 'deep/er/a']]],
    [['cat', '../a'], 'deep', [['read', 'a']]],
    [
      ['bash', '-c', 'cat a > b'],
      undefined,
      [
        ['read', 'a'],
        ['write', 'b'],
      ],
    ],
    [['cat', '/etc/passwd', '../../outside'], undefined, []],
  ])('%j in %s are %j', async (argv, cwd, expected) => {
    expect(namesOf(await temporaryFolder(), argv, cwd)).toEqual(expected)
  })

  it('have the name of what a link leads to as well', async () => {
    const workspace = await temporaryFolder()
    await writeFile(join(workspace, '.env'), 'KEY=1')
    await symlink('.env', join(workspace, 'innocent'))

    expect(namesOf(workspace, ['cat', 'innocent'])).toEqual([
      ['read', 'innocent'],
      ['read', '.env'],
    ])
  })

  it('are looked at in any number that does not cost much, 64 here', async () => {
    const many = Array.from({ length: 200 }, (_, index) => `f${index}`)

    expect(namesOf(await temporaryFolder(), ['cat', ...many])).toHaveLength(64)
  })

  it('are none of an address or a path', async () => {
    const workspace = await temporaryFolder()

    expect(operandsOf([{ kind: 'path', access: 'read', names: [join(workspace, 'a')] }], {}, placesIn(workspace))).toEqual([])
  })
})

describe('what prohibits a path', () => {
  const policy = {
    rules: [
      { id: 'keys', deny: '*(**/.env*)' },
      { id: 'reading', allow: 'shell.exec', when: 'command.read_only' },
    ],
  }

  it.each<[readonly string[], string]>([
    [['cat', 'README.md'], 'allow'],
    [['cat', '.env'], 'deny'],
    [['cat', 'README.md', 'deep/../.env.local'], 'deny'],
    [['bash', '-c', 'cat README.md | grep -f .env'], 'deny'],
    [['bash', '-c', 'cat < .env'], 'deny'],
    [['head', '-n', '1', './/.env'], 'deny'],
    [['grep', '-r', 'KEY', '.'], 'allow'],
  ])('reaches the command %j: %s', async (argv, decision) => {
    const { guard } = await makeGuard(policy)

    expect((await guard.judge(exec(...argv), SCOPE)).decision).toBe(decision)
  })

  it('reaches a command through a link', async () => {
    const workspace = await temporaryFolder()
    await mkdir(join(workspace, 'deep'))
    await writeFile(join(workspace, '.env'), 'KEY=1')
    await symlink('../.env', join(workspace, 'deep/notes.txt'))
    const { guard } = await makeGuard(policy, { workspace })

    expect(await guard.judge(exec('cat', 'deep/notes.txt'), SCOPE)).toMatchObject({ decision: 'deny', ruleId: 'test:keys' })
  })
})
