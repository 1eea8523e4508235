import { readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createController, createSystemClock, openRuns, type ControllerOptions } from '../../src/index.ts'
import { append, echo, flaky, planOf } from './controller-plans.ts'
import { createProbe } from './controller-probe.ts'
import { policyText } from './controller-rig.ts'
import { RUN_ID } from './durability-looks.ts'

const STATE = '.planner-exec'
const DATABASE = 'planner-exec.db'
const NOW = Date.UTC(2030, 0, 1)
const PLAN = planOf([append('one'), flaky('two', 1, { dependsOn: ['one'] }), echo('three', { dependsOn: ['two'] })])

/** The files of a store that nobody has open, as they were copied. */
export interface StoredFiles {
  readonly database: Buffer
  /** The write-ahead log that a killed process leaves; null when the last process closed the store. */
  readonly log: Buffer | null
}

/** A folder below the system's for temporary files; the caller removes it. */
export const temporaryFolder = async (): Promise<string> => realpath(await mkdtemp(join(tmpdir(), 'planner-exec-durability-')))
export const clear = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true, maxRetries: 3 })

export const databaseIn = (workspace: string): string => join(workspace, STATE, DATABASE)

/**
 * A real run with a retry, an approval from elsewhere, snapshots and two processes' lives, in a store of its own: as its last process left it by
 * closing it, or (`killed`) by being killed. Its wall clock stands still, so that every run of this gives the same records.
 */
export async function smallStore(how: 'closed' | 'killed'): Promise<StoredFiles> {
  const folder = await temporaryFolder()
  try {
    const [workspace, policy] = [join(folder, 'workspace'), join(folder, 'policy.yaml')]
    await mkdir(workspace)
    await writeFile(policy, policyText(['test.append']))
    const clock = { ...createSystemClock(), now: () => NOW }
    const open = (capabilities = createProbe().capabilities): ControllerOptions => ({
      workspace,
      policy,
      capabilities,
      oracles: [],
      clock,
      snapshotEvery: 8,
    })
    const before = await createController(open())
    await (await before.start({ goal: 'Do what the plan says', workflow_id: RUN_ID }, { plan: PLAN })).outcome()
    await before.close()
    const other = await openRuns(open())
    await other.request(RUN_ID, { type: 'action.approve', actionId: 'one' })
    const after = await createController(open())
    await other.close()
    await (await after.resume(RUN_ID)).result()
    if (how === 'closed') await after.close()
    const files = await copyOf(databaseIn(workspace), join(folder, 'copy'), how)
    if (how === 'killed') await after.close()
    return files
  } finally {
    await clear(folder)
  }
}

async function copyOf(database: string, folder: string, how: 'closed' | 'killed'): Promise<StoredFiles> {
  await mkdir(folder)
  const [copy, log] = [join(folder, DATABASE), join(folder, `${DATABASE}-wal`)]
  await copyFile(database, copy)
  if (how === 'killed') await copyFile(`${database}-wal`, log)
  return { database: readFileSync(copy), log: how === 'killed' ? readFileSync(log) : null }
}
