import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planOf } from '../support/controller-plans.ts'
import { carryOut, failureOf, openRig } from '../support/controller-rig.ts'

/** Every byte that a run's store keeps. */
function storeOf(workspace: string): string {
  const files = readdirSync(join(workspace, '.planner-exec'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1')).join('\n')
}

const SEARCH = planOf([{ id: 'run', capability: 'shell.exec.v1', args: { argv: ['grep', '-rh', 'PIN', '.'] } }])
const rig = () => openRig({ policy: 'workstation', durable: true })

describe('a file that the policy denies', () => {
  it('is shown to no command that was let through, in a folder whose name is no UTF-8 either', async () => {
    const { controller, workspace } = await rig()
    const folder = Buffer.concat([Buffer.from(`${workspace}/B`), Buffer.from([0xfc]), Buffer.from('cher')])
    mkdirSync(folder)
    writeFileSync(Buffer.concat([folder, Buffer.from('/.env')]), 'PIN=4711-geheim\n')

    const { events } = await carryOut(controller, SEARCH)

    expect(failureOf(events, 'run')).toMatchObject({ code: 'RESOURCE_LIMIT', message: expect.stringContaining('cannot be hidden') })
    expect(storeOf(workspace)).not.toContain('geheim')
  })

  it('is shown to none beyond the longest path either', async () => {
    const { controller, workspace } = await rig()
    // Only a shell that goes down step by step can make and remove it.
    const descend = 'for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do mkdir "$1" && cd -P "$1" || exit 1; done; echo PIN=4711-geheim > .env'
    execFileSync('sh', ['-c', descend, 'sh', 'd'.repeat(250)], { cwd: workspace })

    const { events } = await carryOut(controller, SEARCH)
    execFileSync('rm', ['-rf', 'd'.repeat(250)], { cwd: workspace })
    const store = storeOf(workspace)

    expect(failureOf(events, 'run')).toMatchObject({ code: 'RESOURCE_LIMIT' })
    expect(store).not.toContain('geheim')
  })
})
