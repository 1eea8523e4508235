import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { policyExplainCommand } from '../../src/cli/commands/policy-explain.ts'
import { createProgram } from '../../src/cli/program.ts'
import { perform } from '../../src/cli/perform.ts'
import type { Controller, ControllerOptions } from '../../src/index.ts'
import type { Log } from '../../src/services/log/log.ts'
import { recordedIo } from '../cli/fixtures.ts'
import { append, hold, planOf } from '../support/controller-plans.ts'
import { carryOut, endOf, eventsOf, GOAL, makeFolder, only, openRig, outcomes, policyText } from '../support/controller-rig.ts'

let configHome = ''
beforeEach(async () => {
  configHome = await makeFolder()
  await mkdir(join(configHome, 'planner-exec'))
  const before = process.env['XDG_CONFIG_HOME']
  process.env['XDG_CONFIG_HOME'] = configHome
  onTestFinished(() => {
    if (before === undefined) delete process.env['XDG_CONFIG_HOME']
    else process.env['XDG_CONFIG_HOME'] = before
  })
})

const userPolicy = (text: string) => writeFile(join(configHome, 'planner-exec/policy.yaml'), text)
const workspacePolicy = (workspace: string, text: string) => writeFile(join(workspace, '.planner-exec.policy.yaml'), text)
const judge = async (controller: Controller, path: string) => {
  const { decision, ruleId } = await controller.guard.judge(
    { runId: 'r', stepId: 's', capability: 'fs.read.v1', args: { path } },
    { runId: 'r', allowedCapabilities: [] },
  )
  return [decision, ruleId]
}
const typed = (rules: { allow?: string[]; ask?: string[]; deny?: string[] }): ControllerOptions => ({
  rules: { allow: [], ask: [], deny: [], ...rules },
})

describe('the layers of a policy', () => {
  it('are the base, the user, the workspace and what was typed, each named by its rules', async () => {
    const workspace = await makeFolder()
    await userPolicy('version: 1\nrules:\n  - { id: mine, deny: fs.read(user/**) }\n')
    await workspacePolicy(workspace, 'version: 1\nrules:\n  - { id: theirs, deny: fs.read(work/**) }\n')

    const { controller } = await openRig({ workspace, ...typed({ deny: ['fs.read(typed/**)'], ask: ['fs.read(asked/**)'] }) })

    expect(await judge(controller, 'a')).toEqual(['allow', 'policy:defaults.*'])
    expect(await judge(controller, 'user/a')).toEqual(['deny', 'user:mine'])
    expect(await judge(controller, 'work/a')).toEqual(['deny', 'workspace:theirs'])
    expect(await judge(controller, 'typed/a')).toEqual(['deny', expect.stringMatching(/^command-line:/)])
    expect(await judge(controller, 'asked/a')).toEqual(['ask', expect.stringMatching(/^command-line:/)])
  })

  it('decide real actions: what was typed stops one that the policy allows', async () => {
    const { controller, probe } = await openRig(typed({ deny: ['test.append'] }))

    const { result } = await carryOut(controller, planOf([append('one')]))

    expect(result.failure).toMatchObject({ code: 'PLAN_INVALID', message: expect.stringContaining('command-line:') })
    expect(probe.count('one')).toBe(0)
  })

  it('let a workspace narrow what may be done, and never widen it', async () => {
    const workspace = await makeFolder()
    await workspacePolicy(workspace, "version: 1\nenforcement: disabled\ndefaults: { '*': allow }\nrules:\n  - allow: fs.read(secret/**)\n")

    const { controller } = await openRig({ workspace, denies: ['fs.read(secret/**)'], asks: ['fs.read(asked/**)'] }).catch((error: unknown) => ({
      controller: error,
    }))

    if (controller instanceof Error) expect(controller).toMatchObject({ code: 'POLICY_INVALID' })
    else {
      expect((await judge(controller as Controller, 'secret/a'))[0]).toBe('deny')
      expect((await judge(controller as Controller, 'asked/a'))[0]).toBe('ask')
    }
  })

  it('refuse to work with a layer that cannot be read, and name its line', async () => {
    const workspace = await makeFolder()
    await workspacePolicy(workspace, 'version: 1\nrules:\n  - denny: fs.read\n')

    await expect(openRig({ workspace })).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringMatching(/\.planner-exec\.policy\.yaml:3/),
    })
  })

  it.each([
    ['a condition that is none', '{ deny: fs.read, when: path.txt == "a" }'],
    ['an example that fails', '{ deny: fs.read(a), examples: { match: [b] } }'],
  ])('refuse a layer with %s, and name its line', async (_, rule) => {
    const workspace = await makeFolder()
    await workspacePolicy(workspace, `version: 1\nrules:\n  - ${rule}\n`)

    await expect(openRig({ workspace })).rejects.toMatchObject({
      code: 'POLICY_INVALID',
      message: expect.stringMatching(/\.planner-exec\.policy\.yaml:3/),
    })
  })

  it('refuse a layer with a capability that does not exist, and name its line', async () => {
    const workspace = await makeFolder()
    await workspacePolicy(workspace, 'version: 1\nrules:\n  - deny: fs.raed\n')

    await expect(openRig({ workspace })).rejects.toMatchObject({ message: expect.stringMatching(/\.planner-exec\.policy\.yaml:3/) })
  })

  it('refuse rules that name nothing', async () => {
    await expect(openRig(typed({ allow: ['fs.raed(**)'] }))).rejects.toMatchObject({ code: 'POLICY_INVALID' })
  })

  it('bind an approval to all of them', async () => {
    const [plain, typedOver] = await Promise.all([openRig(), openRig(typed({ ask: ['fs.read(a)'] }))])

    expect(plain.controller.guard.policyHash).not.toBe(typedOver.controller.guard.policyHash)
  })
})

describe('rules typed on the command line', () => {
  async function explained(words: readonly string[]): Promise<unknown> {
    const folder = await makeFolder()
    await writeFile(join(folder, 'action.yaml'), '{ capability: fs.write.v1, args: { path: a, content: b } }')
    const { io, stdout } = recordedIo(folder, words, { XDG_CONFIG_HOME: configHome })
    const program = createProgram(async (_load, self, how) => {
      await perform(io, policyExplainCommand, { command: self.name(), args: self.args, options: self.optsWithGlobals() }, how)
    })
    await program.parseAsync(['policy', 'explain', '--action', 'action.yaml', '--json', ...words], { from: 'user' })
    return JSON.parse(stdout().split('\n')[0] ?? '')
  }

  it.each([
    [[], { decision: 'ask' }],
    [['--allow-rule', 'fs.write(a)'], { decision: 'allow', ruleId: expect.stringMatching(/^command-line:/) }],
    [['--deny-rule', 'fs.write(a)'], { decision: 'deny', ruleId: expect.stringMatching(/^command-line:/) }],
    [['--allow-rule', 'fs.write(**)', '--deny-rule', 'fs.write(b)', '--deny-rule', 'fs.write(a)'], { decision: 'deny' }],
    [['--policy', 'paranoid', '--ask-rule', 'fs.write(a)'], { decision: 'ask' }],
    [['--allow-rule', 'fs.write(.env)'], { decision: 'ask' }],
  ])('%j count: %j', async (words, verdict) => {
    expect(await explained(words)).toMatchObject(verdict)
  })
})

/** A log that tells when a line of that text was written. */
function waitingLog() {
  const lines: string[] = []
  const waiting: { readonly text: string; readonly heard: () => void }[] = []
  const said = (_: object, message: string) => {
    lines.push(message)
    for (const { text, heard } of waiting) if (message.includes(text)) heard()
  }
  const log: Log = { debug: () => {}, info: said, warn: said, error: said }
  /** Resolves at the next such line, once what it tells of is done. */
  const next = async (text: string) => {
    await new Promise<void>((heard) => waiting.push({ text, heard }))
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { log, said: next, lines }
}

describe('a policy that is read anew', () => {
  const NEW = 'the policy was read anew'
  const BAD = 'the last good one stays in force'

  async function open(options: ControllerOptions = {}) {
    const file = join(await makeFolder(), 'policy.yaml')
    await writeFile(file, policyText())
    const heard = waitingLog()
    const rig = await openRig({ policy: file, log: heard.log, reloadPolicy: true, ...options })
    /** As editors save: a new file in place of the old one. */
    const save = async (text: string) => {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
    return { ...rig, ...heard, save }
  }

  it('holds for runs that start afterwards; one under way keeps its own', async () => {
    const { controller, probe, save, said } = await open()
    const run = await controller.start(GOAL, { plan: planOf([hold('wait'), append('mine', { dependsOn: ['wait'] })]) })
    await probe.begun('wait')
    const changed = said(NEW)
    await save(policyText([], ['test.append']))
    await changed

    const later = await carryOut(controller, planOf([append('later')]))
    probe.release('wait')
    await endOf(run)

    expect(later.result.failure).toMatchObject({ code: 'PLAN_INVALID' })
    expect(outcomes(await eventsOf(run))).toEqual({ wait: 'succeeded', mine: 'succeeded' })
    expect(only(await eventsOf(run), 'action.judged').map(({ decision }) => decision)).toEqual(['allow', 'allow'])
  })

  it('is the last good one while the file is broken, which is said, and follows when it is mended', async () => {
    const { controller, save, said } = await open()
    const before = controller.guard.policyHash
    const refused = said(BAD)
    await save('version: 1\nrules: [ { deny: fs.raed } ]\n')
    await refused

    expect(controller.guard.policyHash).toBe(before)
    expect((await carryOut(controller, planOf([append('one')]))).result.status).toBe('completed')
    const mended = said(NEW)
    await save(policyText(['test.append']))
    await mended
    expect(controller.guard.policyHash).not.toBe(before)
  })

  it('follows the layers over it as well', async () => {
    const { controller, workspace, said } = await open()
    const changed = said(NEW)
    await workspacePolicy(workspace, 'version: 1\nrules:\n  - { id: theirs, deny: fs.read(work/**) }\n')
    await changed

    expect(await judge(controller, 'work/a')).toEqual(['deny', 'workspace:theirs'])
  })

  it('is not read anew unless that is wanted', async () => {
    const { controller, save, workspace, lines } = await open({ reloadPolicy: false })
    const before = controller.guard.policyHash
    await save(policyText(['test.append']))
    await workspacePolicy(workspace, 'version: 1\nrules:\n  - { deny: fs.read(work/**) }\n')

    expect((await carryOut(controller, planOf([append('one')]))).result.status).toBe('completed')
    expect([controller.guard.policyHash, lines.filter((line) => line.includes('policy'))]).toEqual([before, []])
  })
})
