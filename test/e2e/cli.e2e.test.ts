import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { atDesk as atDeskOf, buildCli, type Desk, type Ended } from './invoke-cli.ts'

let program = { main: '', remove: async () => {} }
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(program.main, work)

// Each line starts a process or more, on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000 })

beforeAll(async () => {
  program = await buildCli()
}, 120_000)
afterAll(() => program.remove())

const RESULT_KEYS = ['type', 'runId', 'status', 'exitReason', 'summary', 'criteria', 'usage', 'reportPath']
const step = (id: string, capability: string, args: object, more: object = {}) => ({ id, title: `Step ${id}`, capability, args, ...more })
const reading = {
  version: 1,
  title: 'Simple test workflow',
  steps: ['s1', 's2', 's3', 's4', 's5'].map((id, index) =>
    step(id, 'fs.search.v1', { path: '.', pattern: id }, index === 0 ? {} : { dependsOn: [`s${index}`] }),
  ),
  successCriteria: [{ kind: 'stepSucceeded', step: 's5' }],
}
const writing = {
  version: 1,
  steps: [step('notes', 'fs.write.v1', { path: 'notes.md', content: 'hello' }), step('other', 'fs.write.v1', { path: 'other.md', content: 'hello' })],
  successCriteria: [{ kind: 'stepSucceeded', step: 'notes' }],
}
const records = ({ stdout }: Ended): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const lastRecord = (ended: Ended) => records(ended).at(-1) ?? {}
const runIdIn = (text: string) => /run (\S+) (?:started|needs a person)/.exec(text)?.[1] ?? ''
const showsNoStack = ({ stdout, stderr }: Ended) => !/\n\s+at .+:\d+/.test(stdout + stderr)

describe('a run from a plan file', () => {
  it('ends with 0, says each event in a line, and where the report is', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.yaml', reading)

      const ended = await desk.run('run', 'Simple test workflow', '--plan', 'plan.yaml', '--out', 'reports')

      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(ended.stdout).toMatch(/^run \S+ started: Simple test workflow \(simple\)$/m)
      expect(ended.stdout).toMatch(/^s5 succeeded after /m)
      expect(ended.stdout).toMatch(/^completed \(criteria_met\): /m)
      const reportPath = /^report: (.+)$/m.exec(ended.stdout)?.[1] ?? ''
      expect(existsSync(reportPath)).toBe(true)
      expect(JSON.parse(await readFile(join(desk.folder, 'reports', 'report.json'), 'utf8'))).toMatchObject({
        status: 'completed',
        goal: 'Simple test workflow',
      })
      expect(await readFile(join(desk.folder, 'reports', 'report.md'), 'utf8')).toContain('# Report')
    })
  })

  it('is nothing but JSON lines with --json, the last one the result', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.yaml', reading)

      const ended = await desk.run('run', 'g', '--plan', 'plan.yaml', '--json')

      expect(ended.code).toBe(0)
      expect(Object.keys(lastRecord(ended))).toEqual(RESULT_KEYS)
      expect(lastRecord(ended)).toMatchObject({ type: 'result', status: 'completed', exitReason: 'criteria_met' })
      expect(records(ended).map(({ type }) => type)).toEqual(
        expect.arrayContaining(['run.started', 'plan.accepted', 'action.settled', 'run.settled']),
      )
    })
  })

  it('can be looked at afterwards by list, show, events and report', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.yaml', reading)
      const { runId } = lastRecord(await desk.run('run', 'g', '--plan', 'plan.yaml', '--json'))

      const [list, show, events, report] = await Promise.all([
        desk.run('list'),
        desk.run('show', 'last'),
        desk.run('events', String(runId).slice(0, 20)),
        desk.run('report', 'last'),
      ])

      expect([list.code, show.code, events.code, report.code]).toEqual([0, 0, 0, 0])
      expect(list.stdout).toContain(String(runId))
      expect(show.stdout).toMatch(/s5 .*succeeded/)
      expect(events.stdout.split('\n').length).toBeGreaterThan(10)
      expect(report.stdout).toContain('# Report')
    })
  })

  it('only explains with --dry-run', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.yaml', writing)

      const ended = await desk.run('run', 'g', '--plan', 'plan.yaml', '--dry-run')

      expect(ended.stdout).toMatch(/ask by /)
      expect(existsSync(join(desk.folder, 'notes.md'))).toBe(false)
    })
  })
})

describe('bad input', () => {
  it.each([
    ['nothing can plan', ['run', 'Bake a cake in zero gravity'], 2, 'unplannable'],
    ['the workspace is not there', ['run', 'g', '--workspace', '/nonexistent/w'], 2, 'WORKSPACE_INVALID'],
    ['the policy is not there', ['run', 'g', '--policy', 'nothing.yaml'], 2, 'POLICY_UNKNOWN'],
    ['the run is not there', ['show', 'abcdefgh'], 2, 'RUN_UNKNOWN'],
    ['the capability is not there', ['capabilities', 'fs.raed.v1'], 2, 'fs.read.v1'],
    ['the plan has no steps', ['run', 'g', '--plan', 'empty.json'], 2, 'E_'],
    ['a parameter is out of range', ['run', 'g', '--max-steps', '1001'], 2, 'max_steps'],
    ['the state folder cannot be made', ['run', 'g', '--plan', 'ok.json', '--state', '/proc/nothing'], 1, 'JOURNAL_UNWRITABLE'],
  ])('such as: %s', async (_, words, code, said) => {
    await atDesk(async (desk) => {
      await desk.write('empty.json', { version: 1, steps: [] })
      await desk.write('ok.json', reading)

      const ended = await desk.run(...words)

      expect(ended.stdout + ended.stderr).toContain(said)
      expect(ended.code).toBe(code)
      expect(showsNoStack(ended)).toBe(true)
    })
  })
})

describe('an action that needs a person', () => {
  it('parks the run with 3 and prints the commands, which work from another process', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', writing)

      const parked = await desk.run('run', 'g', '--plan', 'plan.json')
      const id = runIdIn(parked.stdout)
      const approve = /approve \S+ notes --digest \S+/.exec(parked.stdout)?.[0] ?? ''
      const approved = await desk.run(...approve.split(' '))
      const rejected = await desk.run('reject', id, 'other', '--reason', 'not wanted')
      const resumed = await desk.run('resume', id)

      expect(parked.code).toBe(3)
      expect(parked.stdout).toContain(`resume ${id}`)
      expect([approved.code, rejected.code]).toEqual([0, 0])
      expect(resumed.stdout).toMatch(/other .*not wanted/)
      expect(resumed.code).toBe(0)
      expect(existsSync(join(desk.folder, 'notes.md'))).toBe(true)
      expect(existsSync(join(desk.folder, 'other.md'))).toBe(false)
    })
  })

  it('says so in the last JSON line', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', writing)

      const parked = await desk.run('run', 'g', '--plan', 'plan.json', '--json')

      expect(parked.code).toBe(3)
      expect(Object.keys(lastRecord(parked))).toEqual(RESULT_KEYS)
      expect(lastRecord(parked)).toMatchObject({ status: 'waiting', exitReason: null })
    })
  })

  it('is refused at once with --ask deny', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', writing)

      const ended = await desk.run('run', 'g', '--plan', 'plan.json', '--ask', 'deny')

      expect(ended.code).toBe(1)
      expect(existsSync(join(desk.folder, 'notes.md'))).toBe(false)
    })
  })

  it('cannot be answered for something that was never shown', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', writing)
      const parked = await desk.run('run', 'g', '--plan', 'plan.json')

      const stale = await desk.run('approve', runIdIn(parked.stdout), 'notes', '--digest', '0123456789ab')

      expect(stale.code).toBe(1)
      expect(stale.stderr).toContain('error[APPROVAL_STALE]')
    })
  })
})

describe('at a terminal', () => {
  const size = { columns: 100, rows: 30 }

  it('the person is shown exactly what is asked, and answers', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', writing)
      const shown = desk.onTerminal(['run', 'g', '--plan', 'plan.json'], size)

      await shown.until(/"path": "notes\.md"[^]*leave it waiting > /)
      shown.process.stdin.write('a\r')
      await shown.until(/"path": "other\.md"[^]*leave it waiting > /)
      shown.process.stdin.write('r too much\r')
      const ended = await shown.ended

      expect(ended.code).toBe(0)
      expect([existsSync(join(desk.folder, 'notes.md')), existsSync(join(desk.folder, 'other.md'))]).toEqual([true, false])
    })
  })

  it('a question that another terminal answers is withdrawn', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', { ...writing, steps: writing.steps.slice(0, 1) })
      const shown = desk.onTerminal(['run', 'g', '--plan', 'plan.json'], size)
      await shown.until(/leave it waiting > /)

      const approved = await desk.run('approve', 'last', 'notes')
      const ended = await shown.ended

      expect(approved.stdout).toContain('has taken it')
      expect(ended.stdout).toContain('This is no longer asked.')
      expect(ended.code).toBe(0)
    })
  })

  it('Ctrl-C keeps the run, says how to go on, and ends with 130', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', { ...writing, steps: writing.steps.slice(0, 1) })
      const shown = desk.onTerminal(['run', 'g', '--plan', 'plan.json'], size)
      await shown.until(/leave it waiting > /)

      shown.process.stdin.write('\u0003')
      const ended = await shown.ended
      const list = await desk.run('list')

      expect(ended.code).toBe(130)
      expect(stripVTControlCharacters(ended.stdout)).toMatch(/go on with: .*resume/)
      expect(list.stdout).toContain('waits for a person')
    })
  })

  it('no line is wider than a narrow terminal, and the state and the steps are there', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', reading)

      const ended = await desk.onTerminal(['run', 'A goal that is much longer than the terminal is wide', '--plan', 'plan.json'], {
        columns: 34,
        rows: 30,
      }).ended
      const tree = stripVTControlCharacters(ended.stdout.slice(0, ended.stdout.indexOf('completed (')))

      expect(ended.code).toBe(0)
      expect(Math.max(...tree.split(/\r?\n/).map((line) => [...line].length))).toBeLessThan(34)
      expect(tree).toContain('✔ s5 Step s5')
      expect(tree).toContain('5/5')
    })
  })
})

describe('a run under way', () => {
  it('is paused, continued and cancelled from another terminal', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', writing)
      const shown = desk.onTerminal(['run', 'g', '--plan', 'plan.json'], { columns: 100, rows: 30 })
      await shown.until(/leave it waiting > /)

      const paused = await desk.run('pause', 'last')
      const state = await desk.run('show', 'last')
      const continued = await desk.run('continue', 'last')
      const cancelled = await desk.run('cancel', 'last', '--reason', 'enough')
      const ended = await shown.ended

      expect([paused.code, continued.code, cancelled.code]).toEqual([0, 0, 0])
      expect(state.stdout).toMatch(/state +\S*paus/)
      expect(ended.code).toBe(1)
      expect(ended.stdout).toContain('cancelled')
    })
  })

  it('is followed from another terminal until it ends', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', { ...writing, steps: writing.steps.slice(0, 1) })
      const shown = desk.onTerminal(['run', 'g', '--plan', 'plan.json'], { columns: 100, rows: 30 })
      await shown.until(/leave it waiting > /)
      const follower = desk.start(['events', 'last', '--follow', '--json'])
      await follower.until(/action\.waiting/)

      await desk.run('approve', 'last', 'notes')
      const followed = await follower.ended

      expect(followed.code).toBe(0)
      expect(lastRecord(followed)).toMatchObject({ type: 'run.settled', result: { status: 'completed' } })
    })
  })

  it('survives SIGTERM and goes on later', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', {
        version: 1,
        steps: [step('wait', 'shell.exec.v1', { argv: ['sleep', '1'] })],
        successCriteria: [{ kind: 'stepSucceeded', step: 'wait' }],
      })
      await desk.write('policy.yaml', "version: 1\ndefaults: { '*': allow }\n")
      const words = ['run', 'g', '--plan', 'plan.json', '--policy', 'policy.yaml']
      const begun = desk.start(words)
      await begun.until(/wait started/)

      begun.process.kill('SIGTERM')
      const ended = await begun.ended

      const [, resume = ''] = /^go on with: \S+ \S+ (.*)$/m.exec(ended.stdout) ?? []
      const resumed = await desk.run(...resume.split(' '))

      expect(ended.code).toBe(130)
      expect(ended.stdout).toMatch(/interrupted: run \S+ is kept/)
      expect(resume).toContain('policy.yaml')
      expect(resumed.stdout).toMatch(/^completed /m)
      expect(resumed.stdout).not.toMatch(/wait started/)
    })
  })

  it('ends quietly when nobody reads its output any more', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', reading)
      const begun = desk.start(['run', 'g', '--plan', 'plan.json', '--json'])
      await begun.until(/run\.started/)

      begun.process.stdout.destroy()
      const [code] = await once(begun.process, 'exit')

      expect([0, 130]).toContain(code)
    })
  })
})

describe('looking', () => {
  it('at a long list through head ends quietly', async () => {
    await atDesk(async (desk) => {
      const begun = desk.start(['export', 'statechart'])
      begun.process.stdout.destroy()

      const [code] = await once(begun.process, 'exit')

      expect(code).toBe(0)
    })
  })

  it('at capabilities and playbooks needs no run', async () => {
    await atDesk(async (desk) => {
      const [capabilities, one, playbooks] = await Promise.all([
        desk.run('capabilities'),
        desk.run('capabilities', 'fs.read.v1'),
        desk.run('playbooks'),
      ])

      expect([capabilities.code, one.code, playbooks.code]).toEqual([0, 0, 0])
      expect(capabilities.stdout).toContain('fs.write.v1')
      expect(one.stdout).toContain('"path"')
      expect(playbooks.stdout).toContain('analyze-repo')
    })
  })

  it('doctor checks every part and says which cannot be done without', async () => {
    await atDesk(async (desk) => {
      const healthy = await desk.run('doctor', '--json')
      const broken = await desk.run('doctor', '--policy', 'nothing.yaml')

      expect(records(healthy).map(({ name }) => name)).toEqual(
        expect.arrayContaining(['node', 'state folder', 'git', 'sandbox', 'policy', 'playbooks', 'capability', 'stored runs']),
      )
      expect(records(healthy).filter(({ status }) => status === 'fail')).toEqual([])
      expect(healthy.code).toBe(0)
      expect(broken.code).toBe(1)
      expect(broken.stdout).toContain('fail policy')
    })
  })
})
