// Carries out one `fs.write.v1` in a process that is killed by SIGKILL just before or just after the file is written:
// its intent is durable, its end is not.
import { createController, createSqliteJournal } from '../../src/index.ts'
import { gatedJournal } from './controller-journals.ts'
import { planOf } from './controller-plans.ts'

const [workspace = '', policy = '', runId = '', when = ''] = process.argv.slice(2)
const die = () => void process.kill(process.pid, 'SIGKILL')
const inner = await createSqliteJournal({ file: `${workspace}/.planner-exec/planner-exec.db` })
const journal = gatedJournal(
  {
    ...inner,
    async commit(commit) {
      await inner.commit(commit)
      if (when === 'before' && commit.effects?.some(({ state }) => state === 'open')) die()
    },
  },
  (commit) => {
    if (when === 'after' && commit.effects?.some(({ state }) => state === 'done')) die()
  },
)
const controller = await createController({ workspace, policy, journal })
const plan = planOf([
  {
    id: 'write',
    capability: 'fs.write.v1',
    args: { path: 'out.txt', content: 'written' },
    retry: { maxRetries: 1, backoff: 'fixed', baseDelayMs: 1, maxDelayMs: 1 },
  },
])
await (await controller.start({ goal: 'Write it', workflow_id: runId }, { plan })).outcome()
