import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSqliteJournal, createSystemClock } from '../../src/index.ts'
import { carryOut, GOAL, makeFolder, openRig, present, type Rig } from '../support/controller-rig.ts'
import { append, echo, planOf } from '../support/controller-plans.ts'

const HOUR = 3_600_000
/** The clock of a machine, so long ago. */
const ago = (ms: number) => ({ ...createSystemClock(), now: () => Date.now() - ms })
const plan = planOf([echo('one')])

/** Finished runs of these ages, in a durable store. */
async function storeWith(
  agesMs: readonly number[],
): Promise<{ readonly rig: Rig; readonly ids: readonly string[]; readonly folderOf: (id: string) => string }> {
  const rig = await openRig({ durable: true })
  const ids: string[] = []
  for (const ageMs of agesMs) ids.push((await carryOut(await rig.another({ clock: ago(ageMs) }), plan)).run.id)
  return { rig, ids, folderOf: (id) => join(rig.workspace, '.planner-exec', 'runs', id) }
}

describe('a collection', () => {
  it('removes what ended longer ago, with its folder and its bodies, and keeps the rest readable', async () => {
    const { rig, ids, folderOf } = await storeWith([48 * HOUR, 25 * HOUR, 2 * HOUR])
    const [old = '', older = '', young = ''] = ids

    const result = await rig.controller.gc()

    expect(Object.fromEntries(result.runs.map(({ runId, kept }) => [runId, kept]))).toEqual({ [old]: null, [older]: null, [young]: 'retained' })
    expect(result).toMatchObject({ dryRun: false, folders: 2, leftovers: [] })
    expect(result.blobs).toBeGreaterThan(0)
    expect(result.bytesFreed).toBeGreaterThan(0)
    expect(ids.map((id) => existsSync(folderOf(id)))).toEqual([false, false, true])
    expect(rig.controller.list().map(({ runId }) => runId)).toEqual([young])
    expect(() => rig.controller.report(old)).toThrow(expect.objectContaining({ code: 'RUN_UNKNOWN' }))
    expect(rig.controller.show(young).result?.status).toBe('completed')
    expect(rig.controller.report(young)).toMatchObject({ runId: young, status: 'completed' })
    expect(rig.controller.show(young).actions).toMatchObject([{ state: 'succeeded', args: { value: 'one' } }])
    expect((await rig.controller.gc()).blobs).toBe(0)
  })

  it('keeps the ones that ended last when there are too many', async () => {
    const { rig, ids } = await storeWith([4 * HOUR, 3 * HOUR, 2 * HOUR])

    const { runs } = await rig.controller.gc({ maxFinished: 1 })

    expect(
      runs
        .filter(({ kept }) => kept === null)
        .map(({ runId }) => runId)
        .toSorted(),
    ).toEqual(ids.slice(0, 2).toSorted())
  })

  it('takes its numbers from the configuration', async () => {
    const { rig } = await storeWith([3 * HOUR, 2 * HOUR])
    const strict = await rig.another({ retention: { maxAgeMs: HOUR } })

    expect((await strict.gc({ dryRun: true })).runs.map(({ kept }) => kept)).toEqual([null, null])
    await expect(rig.another({ retention: { maxAge: 1 } as never })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('removes nothing in a dry run', async () => {
    const { rig, ids, folderOf } = await storeWith([48 * HOUR])

    const result = await rig.controller.gc({ dryRun: true })

    expect(result.runs.map(({ kept }) => kept)).toEqual([null])
    expect(rig.controller.report(present(ids[0]))).not.toBeNull()
    expect(existsSync(folderOf(present(ids[0])))).toBe(true)
  })

  it('never takes a run that waits or has just ended, whatever it is told', async () => {
    const rig = await openRig({ asks: ['test.append'], durable: true })
    const waiting = await (await rig.another({ clock: ago(48 * HOUR) })).start(GOAL, { plan: planOf([append('one')]) })
    await waiting.outcome()
    const ended = (await carryOut(rig.controller, plan)).run

    const { runs } = await rig.controller.gc({ maxAgeMs: 0, maxFinished: 0 })

    expect(Object.fromEntries(runs.map(({ runId, kept }) => [runId, kept]))).toEqual({ [waiting.id]: 'unfinished', [ended.id]: 'just-ended' })
    await rig.controller.request(waiting.id, { type: 'action.approve', actionId: 'one' })
    await expect((await rig.controller.resume(waiting.id)).result()).resolves.toMatchObject({ status: 'completed' })
  })

  it('finishes what an interrupted one began, and leaves folders that no removed run left', async () => {
    const { rig, ids, folderOf } = await storeWith([48 * HOUR])
    const [id = ''] = ids
    await mkdir(folderOf('stranger'))
    // As killed between the records and the folder.
    const journal = await createSqliteJournal({ file: join(rig.workspace, '.planner-exec', 'planner-exec.db') })
    journal.remove([id], { now: Date.now(), endedBy: Date.now() })
    await journal.close()
    expect(existsSync(folderOf(id))).toBe(true)

    const result = await rig.controller.gc()

    expect(result).toMatchObject({ runs: [], folders: 1 })
    expect(result.blobs).toBeGreaterThan(0)
    expect(['stranger', id].map((name) => existsSync(folderOf(name)))).toEqual([true, false])
  })
})

describe('the folder of a removed run', () => {
  it('is left where a link stands in its place, and what the link leads to stays', async () => {
    const { rig, ids, folderOf } = await storeWith([48 * HOUR])
    const elsewhere = await makeFolder()
    await writeFile(join(elsewhere, 'report.md'), 'mine')
    await rename(folderOf(present(ids[0])), join(await makeFolder(), 'moved'))
    await symlink(elsewhere, folderOf(present(ids[0])))

    const { leftovers, folders } = await rig.controller.gc()

    expect(leftovers).toEqual([{ path: folderOf(present(ids[0])), problem: 'it is a link or no folder, which no run makes', retryable: false }])
    expect([folders, await readFile(join(elsewhere, 'report.md'), 'utf8')]).toEqual([0, 'mine'])
    expect((await rig.controller.gc()).leftovers).toEqual([])
  })

  it('loses links in it, not what they lead to, and keeps what is not of the run', async () => {
    const { rig, ids, folderOf } = await storeWith([48 * HOUR])
    const folder = folderOf(present(ids[0]))
    const elsewhere = await makeFolder()
    await writeFile(join(elsewhere, 'plan.svg'), 'mine')
    await symlink(join(elsewhere, 'plan.svg'), join(folder, 'plan.svg'))
    await writeFile(join(folder, 'notes.txt'), 'mine, too')

    const { leftovers } = await rig.controller.gc()

    expect(leftovers).toMatchObject([{ path: folder, retryable: false }])
    expect(await readdir(folder)).toEqual(['notes.txt'])
    expect(await readFile(join(elsewhere, 'plan.svg'), 'utf8')).toBe('mine')
  })

  it('is not looked for behind a link that all of them would be behind, and is tried again', async () => {
    const { rig, ids, folderOf } = await storeWith([48 * HOUR, 47 * HOUR])
    const runs = join(rig.workspace, '.planner-exec', 'runs')
    const moved = join(await makeFolder(), 'moved')
    await rename(runs, moved)
    await symlink(moved, runs)

    const { leftovers } = await rig.controller.gc()

    expect(leftovers).toEqual([{ path: runs, problem: 'it is a link or no folder', retryable: true }])
    expect((await readdir(moved)).toSorted()).toEqual([...ids].toSorted())
    await rename(runs, join(await makeFolder(), 'link'))
    await rename(moved, runs)
    expect(await rig.controller.gc()).toMatchObject({ folders: 2, leftovers: [] })
    expect(existsSync(folderOf(present(ids[0])))).toBe(false)
  })
})
