import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { policyCheckCommand, policyTestCommand } from '../../src/cli/commands/policy.ts'
import type { Command } from '../../src/cli/command.ts'
import { perform } from '../../src/cli/perform.ts'
import { inFolder, recordedIo } from './fixtures.ts'

async function invoke(command: Command, folder: string, args: readonly string[], json = false) {
  const { io, stdout, stderr } = recordedIo(folder, args)
  const code = await perform(io, command, { command: 'policy', args, options: json ? { json: true } : {} }, { settings: ['json'] })
  return { code, stdout: stdout(), stderr: stderr() }
}

const WARNED = 'version: 1\nrules:\n  - allow: shell.exec\n'

describe('policy check', () => {
  it('prints what is hardly meant, and succeeds', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'wide.yaml'), WARNED)

      const { code, stdout } = await invoke(policyCheckCommand, folder, ['wide.yaml'])

      expect(code).toBe(0)
      expect(stdout).toMatch(/^ok: .*wide\.yaml\n.*1 rules.*\n {2}warning: .*wide\.yaml:3:5: rules\[0\]\.allow\[0\]: "shell\.exec" allows every use/)
    })
  })

  it('prints a record of each policy with --json', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'wide.yaml'), WARNED)

      const { stdout } = await invoke(policyCheckCommand, folder, ['wide.yaml', 'server'], true)

      const records = stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
      expect(records).toMatchObject([
        { ok: true, name: 'wide', warnings: [expect.stringContaining('wide.yaml:3:5')] },
        { ok: true, name: 'server', warnings: [] },
      ])
    })
  })

  it('checks all files, names the problems of all, and ends with 2', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'a.yaml'), 'version: 1\nrules:\n  - deny: fs.raed\n')
      await writeFile(join(folder, 'b.yaml'), 'version: 1\nrules:\n  - deny: fs.read\n    when: path.txt == "a"\n')

      const { code, stdout, stderr } = await invoke(policyCheckCommand, folder, ['a.yaml', 'b.yaml', 'server'])

      expect(code).toBe(2)
      expect(stdout).toContain('server.yaml')
      expect(stderr).toContain('did you mean "fs.read"?')
      expect(stderr).toContain('b.yaml:4:5: rules[0].when: path has no txt; did you mean path.text?')
    })
  })
})

describe('policy test', () => {
  const POLICY = 'version: 1\nrules:\n  - { id: keys, deny: fs.read(keys/**) }\n  - allow: fs.read(**)\n'

  it('prints what came out otherwise, by which rule, and ends with 1', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'mine.yaml'), POLICY)
      await writeFile(
        join(folder, 'cases.yaml'),
        'cases:\n  - { capability: fs.read, args: { path: a }, expect: allow }\n  - { capability: fs.read, args: { path: keys/a }, expect: ask, why: they are used }\n',
      )

      const { code, stdout } = await invoke(policyTestCommand, folder, ['mine.yaml', 'cases.yaml'])

      expect(code).toBe(1)
      expect(stdout).toMatch(/cases\.yaml:3 +fs\.read \{"path":"keys\/a"\} +ask +deny by mine:keys/)
      expect(stdout).toContain('expected because they are used')
      expect(stdout).toContain('mine: 1 of 2 cases as expected')
    })
  })

  it('finds the tests beside the policy, and ends with 0 when all pass', async () => {
    await inFolder(async (folder) => {
      await mkdir(join(folder, 'tests'))
      await writeFile(join(folder, 'mine.yaml'), POLICY)
      await writeFile(join(folder, 'tests', 'mine.yaml'), 'cases:\n  - { capability: fs.read, args: { path: keys/a }, expect: deny, rule: keys }\n')

      const { code, stdout } = await invoke(policyTestCommand, folder, ['mine.yaml'], true)

      expect([code, JSON.parse(stdout)]).toEqual([0, { type: 'policy-tests', policy: 'mine', ok: true, passed: 1, failed: 0 }])
    })
  })

  it('fails when another rule decided than the one that should', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'mine.yaml'), POLICY)
      await writeFile(join(folder, 'cases.yaml'), 'cases:\n  - { capability: fs.read.v1, args: { path: keys/a }, expect: deny, rule: secrets }\n')

      expect(await invoke(policyTestCommand, folder, ['mine.yaml', 'cases.yaml'])).toMatchObject({ code: 1 })
    })
  })

  it.each([
    ['no tests', ['server.yaml'], 'There are no tests for'],
    ['tests of another form', ['server.yaml', 'odd.yaml'], 'odd.yaml:2: cases.0'],
  ])('refuses %s with 2', async (_, args, message) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'server.yaml'), 'version: 1\n')
      await writeFile(join(folder, 'odd.yaml'), 'cases:\n  - { capability: fs.read, expect: maybe }\n')

      const { code, stderr } = await invoke(policyTestCommand, folder, args)

      expect(code).toBe(2)
      expect(stderr).toContain(message)
    })
  })
})
