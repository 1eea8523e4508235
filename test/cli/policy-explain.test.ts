import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { policyExplainCommand } from '../../src/cli/commands/policy-explain.ts'
import { perform } from '../../src/cli/perform.ts'
import { inFolder, recordedIo } from './fixtures.ts'

const SETTINGS = ['policy', 'shadowPolicy', 'allowRule', 'askRule', 'denyRule', 'json', 'plan', 'allow']

/** What `policy explain` prints in a folder, with the end and, when it reads that, the given standard input. */
async function explain(folder: string, options: Readonly<Record<string, unknown>>, input = '') {
  const { io, stdout, stderr } = recordedIo(folder, [])
  const stdin = new PassThrough()
  stdin.end(input)
  const code = await perform(
    { ...io, stdin },
    policyExplainCommand,
    { command: 'explain', args: [], options },
    { settings: SETTINGS, judgesSettings: true },
  )
  return { code, stdout: stdout(), stderr: stderr() }
}

const recordsOf = (stdout: string): unknown[] =>
  stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))

describe('policy explain --commands', () => {
  it('tells of each line of standard input what, by which rule and why, and counts them', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await explain(folder, { commands: '-' }, 'ls -la\n\n   \ncp a b\n')

      expect(code).toBe(0)
      expect(stdout).toMatch(/^shell\.exec\.v1 \{"argv":\["bash","-c","ls -la"\]\}\n {2}allow by workstation:read-only-commands: .*\n {4}risk /)
      expect(stdout).toContain('ask by workstation:defaults.shell.exec')
      expect(stdout).toMatch(/\n1 allowed, 1 asked about, 0 denied by the policy workstation\n$/)
    })
  })

  it('ends with 1 when one of a file would be denied, and prints records with --json', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'lines.txt'), 'rm -rf build\r\nls')

      const { code, stdout } = await explain(folder, { commands: 'lines.txt', json: true })

      expect(code).toBe(1)
      expect(recordsOf(stdout)).toMatchObject([
        { type: 'verdict', args: { argv: ['bash', '-c', 'rm -rf build'] }, decision: 'deny', ruleId: 'workstation:recursive-deletion' },
        { type: 'verdict', args: { argv: ['bash', '-c', 'ls'] }, decision: 'allow' },
        { type: 'explained', policy: 'workstation', allow: 1, ask: 0, deny: 1 },
      ])
    })
  })

  it('says nothing of an empty input but that there was nothing', async () => {
    await inFolder(async (folder) => {
      expect(await explain(folder, { commands: '-' })).toMatchObject({
        code: 0,
        stdout: '0 allowed, 0 asked about, 0 denied by the policy workstation\n',
      })
    })
  })

  it.each(['absent.txt', '.'])('refuses what cannot be read with 2: %s', async (path) => {
    await inFolder(async (folder) => {
      const { code, stderr } = await explain(folder, { commands: path })

      expect(code).toBe(2)
      expect(stderr).toContain(`${path} cannot be read.`)
      expect(stderr).toContain('or - for standard input')
    })
  })

  it('lets no control sequence of a line reach the terminal', async () => {
    await inFolder(async (folder) => {
      const { stdout } = await explain(folder, { commands: '-' }, 'echo \u001b[31mred\u0007 \u202egnp.exe\n')

      expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/)
    })
  })

  it('takes rules that are typed, and shows what a policy on trial says', async () => {
    await inFolder(async (folder) => {
      const given = { commands: '-', denyRule: ['shell.exec(ls *)'], shadowPolicy: 'paranoid', json: true }
      const { stdout } = await explain(folder, given, 'ls\n')

      expect(recordsOf(stdout)[0]).toMatchObject({
        decision: 'deny',
        ruleId: expect.stringContaining('command-line:'),
        shadow: { policy: 'paranoid' },
      })
    })
  })
})

describe('policy explain --action', () => {
  it.each([
    ['one', '{ capability: fs.read.v1, args: { path: a.txt } }', 0, { allow: 1, ask: 0, deny: 0 }],
    ['several', '- { capability: fs.read.v1, args: { path: a.txt } }\n- { capability: fs.read.v1, args: { path: .env } }', 1, { allow: 1, deny: 1 }],
    ['one that does not exist', '{ capability: fs.raed.v1, args: {} }', 1, { deny: 1 }],
  ])('judges %s', async (_, text, code, counts) => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'actions.yaml'), text)

      const explained = await explain(folder, { action: 'actions.yaml', json: true })

      expect(explained.code).toBe(code)
      expect(recordsOf(explained.stdout).at(-1)).toMatchObject({ type: 'explained', ...counts })
    })
  })

  it('says in words what would help, and which arguments the guard suggests', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'small.yaml'), "version: 1\ndefaults: { '*': allow }\nlimits: { max_file_bytes: 100 }\n")
      await writeFile(join(folder, 'action.json'), '{ "capability": "fs.read.v1", "args": { "path": "a", "maxBytes": 500 } }')

      const { stdout } = await explain(folder, { action: 'action.json', policy: join(folder, 'small.yaml') })

      expect(stdout).toContain('deny by small:limits.max_file_bytes')
      expect(stdout).toContain('the guard suggests these arguments: {"path":"a","maxBytes":100}')
    })
  })

  it.each([
    ['no file', null, 'absent.yaml'],
    ['no action', 'capability: fs.read.v1', 'args'],
    ['more than an action', '{ capability: fs.read.v1, args: {}, expect: allow }', 'expect'],
    ['no YAML', '{', 'odd.yaml'],
  ])('refuses %s with 2', async (_, text, message) => {
    await inFolder(async (folder) => {
      if (text !== null) await writeFile(join(folder, 'odd.yaml'), text)

      const { code, stderr } = await explain(folder, { action: text === null ? 'absent.yaml' : 'odd.yaml' })

      expect(code).toBe(2)
      expect(stderr).toContain(message)
    })
  })
})

describe('policy explain of a plan', () => {
  const PLAN = `version: 1
steps:
  - { id: look, title: Look, capability: fs.read.v1, args: { path: a.txt } }
  - { id: keep, title: Keep, capability: fs.write.v1, args: { path: '\${steps.look.output.text}', content: x }, dependsOn: [look] }
`

  it('names each step, what will be known later, and where it comes from; and runs nothing', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'plan.yaml'), PLAN)

      const { code, stdout } = await explain(folder, { plan: 'plan.yaml' })

      expect(code).toBe(0)
      expect(stdout).toMatch(/^plan by plan-file, judged by the policy workstation:\nlook fs\.read\.v1 .*\n {2}allow by /)
      expect(stdout).toMatch(/keep fs\.write\.v1 .*\n {2}ask by .*\(final word when its arguments are known\)/)
      expect(stdout).toContain('path comes from what was read: file (look)')
    })
  })

  it('explains a step that would be denied like any other, and ends with 1', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'plan.yaml'), PLAN.replace('a.txt', '.env'))

      const { code, stdout } = await explain(folder, { plan: 'plan.yaml', json: true })

      expect(code).toBe(1)
      expect(recordsOf(stdout)[0]).toMatchObject({ type: 'verdict', stepId: 'look', decision: 'deny', ruleId: 'workstation:secrets' })
    })
  })
})
