import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { withMounts } from '../support/e2e-mounts.ts'
import { atDesk as atDeskOf, type Desk, type Ended } from './invoke-cli.ts'

vi.setConfig({ testTimeout: 60_000 })

let shipped: Shipped
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(shipped.main, work)

beforeAll(async () => {
  shipped = await shippedCli()
}, 60_000)
afterAll(() => shipped.remove())

const cli = (...words: string[]) => [process.execPath, shipped.main, ...words]
const cliLine = (...words: string[]) => cli(...words).join(' ')

function expectUnwritable(ended: Ended, cause: string): void {
  expect(ended.stderr).toMatch(/error\[JOURNAL_UNWRITABLE\]: The journal .+ cannot be written: .+\nhint: .+--state DIR/)
  expect(ended.stderr).toContain(cause)
  expect(ended.code).toBe(1)
  expect(showsStack(ended.stdout + ended.stderr)).toBe(false)
}

describe('a state folder that cannot be used', () => {
  it.concurrent.each([
    ['a file', 'taken', 'ENOTDIR'],
    ['below a file', 'taken/deeper', 'ENOTDIR'],
    ['in /proc', '/proc/nothing', '/proc/nothing'],
    ['a device', '/dev/full', 'ENOTDIR'],
  ])('because it is %s is named with the way out, and nothing is changed', async (_, state, cause) => {
    await atDesk(async (desk) => {
      await desk.write('taken', 'kept')

      const ended = await desk.run('run', '--state', state)

      expectUnwritable(ended, cause)
      expect(await readdir(desk.folder)).toEqual(['taken'])
      expect(await readFile(join(desk.folder, 'taken'), 'utf8')).toBe('kept')
    })
  })

  it.concurrent('because it is mounted read-only', async () => {
    await atDesk(async (desk) => {
      const state = join(desk.folder, 'state')
      await mkdir(state)

      const ended = await withMounts(['--ro-bind', state, state], cli('run', '--state', state), desk.folder)

      expectUnwritable(ended, 'EROFS')
    })
  })
})

describe('a read-only workspace', () => {
  it.concurrent('needs its state elsewhere, and says so', async () => {
    await atDesk(async (desk) => {
      const ended = await withMounts(['--ro-bind', desk.folder, desk.folder], cli('run'), desk.folder)

      expectUnwritable(ended, 'EROFS')
    })
  })

  it.concurrent('is analysed with `--state` elsewhere', async () => {
    await atDesk(async (desk) => {
      await desk.write('main.js', '// FIXME: late\n')
      const state = join(desk.folder, '..', `${desk.folder.split('/').at(-1)}-state`)

      const ended = await withMounts(['--ro-bind', desk.folder, desk.folder, '--tmpfs', state], cli('run', '--state', state, '--json'), desk.folder)

      expect(ended).toMatchObject({ code: 0, stderr: '' })
      expect(recordsOf(ended).at(-1)).toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
      expect(await readdir(desk.folder)).toEqual(['main.js'])
    })
  })

  it.concurrent('ends a plan that writes with the cause', async () => {
    await atDesk(async (desk) => {
      await desk.write('plan.json', {
        version: 1,
        steps: [{ id: 'note', title: 'Note', capability: 'fs.write.v1', args: { path: 'n.md', content: '' } }],
      })
      await desk.write('policy.yaml', "version: 1\ndefaults: { fs.write: allow, '*': deny }\n")
      const state = `${desk.folder}-state`
      const words = ['run', 'g', '--plan', 'plan.json', '--policy', 'policy.yaml', '--state', state]

      const ended = await withMounts(['--ro-bind', desk.folder, desk.folder, '--tmpfs', state], cli(...words), desk.folder)

      expect(ended.code).toBe(1)
      expect(ended.stdout).toMatch(/read-only file system \(EROFS\)/)
      expect(ended.stdout).toMatch(/hint: Use a workspace that can be written/)
    })
  })
})

describe('a full disk', () => {
  it.concurrent.each([
    ['before anything', 16_384],
    ['when the database is made', 65_536],
  ])('%s is told', async (_, bytes) => {
    await atDesk(async (desk) => {
      const state = `${desk.folder}-state`

      const ended = await withMounts(['--size', String(bytes), '--tmpfs', state], cli('run', '--state', state), desk.folder)

      expectUnwritable(ended, '')
    })
  })

  it.concurrent.each([140, 190, 240])(
    'with %i KiB left stops the run, and nothing is lost: with room again it goes on and completes',
    async (kilobytes) => {
      await atDesk(async (desk) => {
        await desk.write('main.js', '// FIXME: late\n')
        const state = `${desk.folder}-state`
        const script = [
          `head -c ${(1024 - kilobytes) * 1024} /dev/zero > ${state}/filler`,
          `${cliLine('run', '--state', state)} > run.txt 2>&1; echo "run $?"`,
          `${cliLine('resume', 'last', '--state', state)} > full.txt 2>&1; echo "resume $?"`,
          `rm ${state}/filler`,
          `${cliLine('resume', 'last', '--state', state, '--json')} > room.txt 2>&1; echo "resume $?"`,
          `${cliLine('events', 'last', '--state', state, '--json')} > events.txt`,
        ]

        const told = await withMounts(['--size', '1048576', '--tmpfs', state], ['sh', '-c', script.join('\n')], desk.folder)
        const [run, full, room, events] = await Promise.all(
          ['run', 'full', 'room', 'events'].map((name) => readFile(join(desk.folder, `${name}.txt`), 'utf8')),
        )

        expect(told.stdout).toBe('run 1\nresume 1\nresume 0\n')
        for (const text of [run, full]) {
          expect(text).toMatch(/error\[JOURNAL_UNWRITABLE\]: .+\nhint: Free space/)
          expect(showsStack(text ?? '')).toBe(false)
        }
        expect(run).toMatch(/go on with: .+ resume \S+/)
        expect(recordsOf({ stdout: room ?? '' }).at(-1)).toMatchObject({ status: 'completed', exitReason: 'criteria_met' })
        const settled = recordsOf({ stdout: events ?? '' }).flatMap(({ type, actionId }) => (type === 'action.settled' ? [actionId] : []))
        expect(settled.length).toBe(new Set(settled).size)
      })
    },
  )

  it.concurrent('under the workspace fails the write with its cause, and leaves no half a file', async () => {
    await atDesk(async (desk) => {
      const workspace = `${desk.folder}-workspace`
      await desk.write('plan.json', {
        version: 1,
        steps: [{ id: 'note', title: 'Note', capability: 'fs.write.v1', args: { path: 'n.md', content: 'x'.repeat(200_000) } }],
      })
      await desk.write('policy.yaml', "version: 1\ndefaults: { fs.write: allow, '*': deny }\n")
      const run = cliLine(
        'run',
        'g',
        '--plan',
        'plan.json',
        '--policy',
        'policy.yaml',
        '--state',
        join(desk.folder, 'state'),
        '--workspace',
        workspace,
      )

      const ended = await withMounts(
        ['--size', '65536', '--tmpfs', workspace],
        ['sh', '-c', `${run}; echo "code $?"; ls -A ${workspace}`],
        desk.folder,
      )

      expect(ended.stdout).toMatch(/ENOSPC|no space left/i)
      expect(ended.stdout).toMatch(/code 1\n$/)
    })
  })
})
