import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBodies } from '../../../../src/engine/bodies.ts'
import { createController } from '../../../../src/index.ts'
import { bubblewrapArgs } from '../../../../src/services/executor/sandbox/bubblewrap.ts'
import { hiddenFiles } from '../../../../src/services/executor/sandbox/hidden-files.ts'
import type { Action } from '../../../../src/model/action.ts'
import { createMemoryJournal } from '../../../../src/services/journal/memory.journal.ts'
import { planOf } from '../../../support/controller-plans.ts'
import { endOf, GOAL, makeFolder as makeWorkspace, present, waitingFor } from '../../../support/controller-rig.ts'
import { makeBench, makeFolder } from '../fixtures.ts'

const NOT_SECRET = (path: string): boolean => !/(?:^|\/)(?:\.env|id_rsa)/.test(path)
const never = new AbortController().signal

function treeOf(...paths: readonly string[]): string {
  const folder = makeFolder()
  for (const path of paths) {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), `content of ${path}`)
  }
  return folder
}

async function hiddenIn(workspace: string, mayRead = NOT_SECRET): Promise<readonly string[]> {
  return (await hiddenFiles(workspace, mayRead, never)).map((path) => relative(workspace, path)).toSorted()
}

describe('the files that are hidden', () => {
  it('are all that may not be read, at any depth, and no others', async () => {
    const workspace = treeOf('.env', 'a/b/c/.env.local', 'a/id_rsa', 'README.md', 'environment.ts')

    expect(await hiddenIn(workspace)).toEqual(['.env', 'a/b/c/.env.local', 'a/id_rsa'])
  })

  it('are none in a workspace that is gone or has none', async () => {
    expect(await hiddenIn(join(makeFolder(), 'gone'))).toEqual([])
    expect(await hiddenIn(treeOf('README.md'))).toEqual([])
  })

  it('do not include links, which are not followed either', async () => {
    const workspace = treeOf('.env', 'outside/.env')
    symlinkSync('.env', join(workspace, '.env.link'))
    symlinkSync('.', join(workspace, 'around'))
    symlinkSync('/etc', join(workspace, 'etc'))

    expect(await hiddenIn(workspace)).toEqual(['.env', 'outside/.env'])
  })

  it('are asked about by their paths from the workspace on', async () => {
    const asked: string[] = []

    await hiddenIn(treeOf('a.txt', 'deep/b.txt'), (path) => asked.push(path) > 0)

    expect(asked.toSorted()).toEqual(['a.txt', 'deep/b.txt'])
  })

  it('include those of a repository, but for the objects of git', async () => {
    expect(await hiddenIn(treeOf('.git/config', '.git/objects/ab/cd', 'vendor/.git/objects/ab/cd'), () => false)).toEqual([
      '.git/config',
      'vendor/.git/objects/ab/cd',
    ])
  })

  it('are refused when they are more than a thousand', async () => {
    const workspace = treeOf(...Array.from({ length: 1_000 }, (_, index) => `keys/id_rsa_${index}`))

    expect(await hiddenIn(workspace)).toHaveLength(1_000)
    writeFileSync(join(workspace, '.env'), 'one more')
    await expect(hiddenIn(workspace)).rejects.toMatchObject({ code: 'RESOURCE_LIMIT', hint: expect.stringContaining('approve') })
  })
})

describe('the arguments of bubblewrap', () => {
  it('lay nothing over each hidden file, after the workspace and before the command', () => {
    const workspace = makeFolder()
    const spec = {
      workspace,
      stateDir: join(workspace, '.planner-exec'),
      cwd: workspace,
      env: {},
      argv: ['true'],
      tmpBytes: 1,
      canDisableUserns: true,
    }

    const args = bubblewrapArgs({ ...spec, hidden: [join(workspace, '.env')] })

    const at = args.indexOf(join(workspace, '.env'))
    expect(args.slice(at - 2, at + 1)).toEqual(['--ro-bind', '/dev/null', join(workspace, '.env')])
    expect(args.lastIndexOf('--bind', at)).toBeGreaterThan(-1)
    expect(args.indexOf('--', at)).toBeGreaterThan(at)
    expect(bubblewrapArgs(spec)).not.toContain('/dev/null')
  })
})

describe('a run under the policy workstation', () => {
  const FILES = ['.env', 'app/.env.production', '.ssh/id_rsa', 'id_rsa', 'server.pem']

  async function open() {
    const workspace = await makeWorkspace()
    for (const path of [...FILES, 'notes.txt']) {
      mkdirSync(join(workspace, path, '..'), { recursive: true })
      writeFileSync(join(workspace, path), `needle in ${path}\n`)
    }
    symlinkSync('.env', join(workspace, 'innocent.txt'))
    const journal = createMemoryJournal()
    const controller = await createController({ workspace, policy: 'workstation', oracles: [], journal })
    onTestFinished(() => controller.close())

    /** What the one step of a plan put out; a person approves it first, or nobody is there to be asked. */
    const outputOf = async (capability: string, args: Action['args'], person: 'here' | 'absent' = 'absent'): Promise<string> => {
      const run = await controller.start(GOAL, { plan: planOf([{ id: 'one', capability, args }]), person })
      if (person === 'here') {
        await waitingFor(run, 'one')
        await run.request({ type: 'action.approve', actionId: 'one' })
      }
      const { report } = await endOf(run)
      const result = present(report.actions[0]?.result)
      expect(result).toMatchObject({ outcome: 'succeeded' })
      return JSON.stringify(createBodies(journal).get(present(result.outputRef), 'output'))
    }
    return { workspace, outputOf }
  }

  const secretsIn = (output: string) => FILES.filter((file) => output.includes(`needle in ${file}\\n`) || output.includes(`needle in ${file}"`))

  it.each([
    ['grep -r', ['grep', '-r', 'needle', '.'], true],
    ['grep -r of folders', ['grep', '-rn', 'needle', 'app', 'notes.txt'], true],
    ['cat of a pattern', ['bash', '-c', 'cat *'], true],
    ['cat of patterns with dots', ['bash', '-c', 'cat .[a-z]* */* notes.txt; true'], true],
    ['a link', ['bash', '-c', 'cat i*'], false],
  ])('gives a command that it lets through nothing of what it denies: %s', async (_, argv, findsOthers) => {
    const { outputOf } = await open()

    const output = await outputOf('shell.exec.v1', { argv })

    expect(secretsIn(output)).toEqual([])
    expect(output.includes('needle in notes.txt')).toBe(findsOthers)
  })

  it('gives a command that a person approved what it asks for', async () => {
    const { outputOf } = await open()

    const output = await outputOf('shell.exec.v1', { argv: ['python3', '-c', 'print(open(".env").read(), open(".ssh/id_rsa").read())'] }, 'here')

    expect(output).toContain('needle in .env')
    expect(output).toContain('needle in .ssh/id_rsa')
  })

  it('leaves what was hidden as it was', async () => {
    const { outputOf, workspace } = await open()

    await outputOf('shell.exec.v1', { argv: ['grep', '-r', 'needle', '.'] })

    expect(FILES.map((path) => readFileSync(join(workspace, path), 'utf8'))).toEqual(FILES.map((path) => `needle in ${path}\n`))
  })

  it('gives a search nothing of what it denies, and says that it left something out', async () => {
    const { outputOf } = await open()

    const output = await outputOf('fs.search.v1', { pattern: 'needle' })

    expect(JSON.parse(output)).toMatchObject({ matches: [{ file: 'notes.txt' }], filesSearched: 1, skipped: { secret: FILES.length } })
  })
})

describe('a search', () => {
  it('leaves out what it comes upon and may not read, and reads what was named', async () => {
    const bench = await makeBench()
    bench.put('private/plan.txt', 'needle')
    bench.put('open.txt', 'needle')
    const mayRead = (path: string) => !path.startsWith('private/')

    const whole = await bench.output('fs.search.v1', { pattern: 'needle' }, { mayRead })
    const named = await bench.output('fs.search.v1', { pattern: 'needle', path: 'private/plan.txt' }, { mayRead })

    expect(whole).toMatchObject({ matches: [{ file: 'open.txt' }], skipped: { secret: 1 } })
    expect(named).toMatchObject({ matches: [{ file: 'private/plan.txt' }], skipped: { secret: 0 } })
  })
})

describe('a file whose name is no text', () => {
  const name = Buffer.concat([Buffer.from('.env'), Buffer.from([0xff])])

  it('cannot be hidden, so the command does not run, and nothing is made in its place', async () => {
    const bench = await makeBench()
    writeFileSync(Buffer.concat([Buffer.from(`${bench.workspace}/`), name]), 'needle')

    const running = bench.output('shell.exec.v1', { argv: ['bash', '-c', 'cat .env*'] }, { mayRead: NOT_SECRET })

    await expect(running).rejects.toMatchObject({ code: 'RESOURCE_LIMIT', hint: expect.stringContaining('approve') })
    expect(readdirSync(bench.workspace).filter((entry) => entry.startsWith('.env'))).toHaveLength(1)
  })
})
