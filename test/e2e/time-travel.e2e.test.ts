import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { genesisHash, nextHash } from '../../src/services/journal/chain.ts'
import { loadDriver, type Driver } from '../../src/services/journal/sqlite-driver.ts'
import { recordsOf, shippedCli, showsStack, type Shipped } from '../support/e2e-cli.ts'
import { atDesk as atDeskOf, type Desk } from './invoke-cli.ts'

vi.setConfig({ testTimeout: 90_000 })

let shipped: Shipped
const atDesk = (work: (desk: Desk) => Promise<void>) => atDeskOf(shipped.main, work)

beforeAll(async () => {
  shipped = await shippedCli()
}, 60_000)
afterAll(() => shipped.remove())

const POLICY = "version: 1\ndefaults: { '*': allow }\n"
const note = { id: 'note', title: 'Write a note', capability: 'fs.write.v1', args: { path: 'note.md', content: 'first' } }
const keep = { id: 'keep', title: 'Keep running', capability: 'shell.exec.v1', args: { argv: ['sh', 'keep.sh'] }, dependsOn: ['note'] }

async function prepare(desk: Desk, steps: readonly object[]): Promise<string[]> {
  await desk.write('plan.json', { version: 1, steps })
  await desk.write('policy.yaml', POLICY)
  await desk.write('keep.sh', 'echo >> begun; while [ ! -e go ]; do sleep 0.05; done\n')
  return ['run', 'Write and keep', '--plan', 'plan.json', '--policy', 'policy.yaml', '--non-interactive']
}

const replayed = async (desk: Desk, ...words: string[]) => recordsOf(await desk.run('replay', ...words, '--json'))[0]

describe('a run whose process was killed in the middle of an effect', () => {
  it('is replayed as it was, and forked without doing anything of it again', async () => {
    await atDesk(async (desk) => {
      const run = desk.start(await prepare(desk, [note, keep]))
      await vi.waitUntil(() => existsSync(join(desk.folder, 'begun')), { timeout: 30_000 })
      run.process.kill('SIGKILL')
      await run.ended
      const moment = await replayed(desk, 'last')
      expect(moment).toMatchObject({ owned: true, summary: { finished: false } })
      expect(moment?.['actions']).toMatchObject([{ state: 'succeeded' }, { actionId: 'keep', state: 'attempting.running' }])
      expect(moment?.['timers']).toContainEqual(expect.objectContaining({ actionId: 'keep', name: 'actionTimeout' }))
      await writeFile(join(desk.folder, 'note.md'), 'changed since')
      await writeFile(join(desk.folder, 'go'), '')

      const [forked] = recordsOf(await desk.run('fork', 'last', '--from', String(moment?.['lastSeq']), '--json'))
      const id = String(forked?.['runId'])
      expect(forked).toMatchObject({ repeated: [], inDoubt: ['keep'] })
      expect((await desk.run('resume', id, '--non-interactive', '--policy', 'policy.yaml')).code).toBe(3)
      expect((await desk.run('resolve', id, 'keep', 'happened')).code).toBe(0)
      const ended = await desk.run('resume', id, '--non-interactive', '--policy', 'policy.yaml')

      expect(ended.stderr).toBe('')
      expect(ended.code).toBe(0)
      expect(await readFile(join(desk.folder, 'note.md'), 'utf8')).toBe('changed since')
      expect(await readFile(join(desk.folder, 'begun'), 'utf8')).toBe('\n')
      expect(await replayed(desk, id)).toMatchObject({ state: 'completed', summary: { runId: id, finished: true } })
    })
  })
})

/** Rewrites a record in the database file; with `seal`, all hashes are made to fit again. */
async function rewrite(desk: Desk, seq: number, change: (body: string) => string, seal: boolean): Promise<void> {
  const driver = (await loadDriver())(join(desk.folder, '.planner-exec', 'planner-exec.db'))
  const rows = driver.prepare('SELECT record_id, run_id, seq, body FROM journal ORDER BY record_id').all()
  const runId = String(rows[0]?.['run_id'])
  const bodies = rows.map((row) => (row['seq'] === seq ? change(String(row['body'])) : String(row['body'])))
  driver.prepare('UPDATE journal SET body = ? WHERE record_id = ?').run(bodies[seq] ?? '', Number(rows[seq]?.['record_id']))
  if (seal)
    sealAgain(
      driver,
      runId,
      rows.map((row) => Number(row['record_id'])),
      bodies,
    )
  driver.close()
}

function sealAgain(driver: Driver, runId: string, ids: readonly number[], bodies: readonly string[]): void {
  let hash = genesisHash(runId)
  for (const [index, body] of bodies.entries()) {
    hash = nextHash(hash, body)
    driver.prepare('UPDATE journal SET hash = ? WHERE record_id = ?').run(Buffer.from(hash, 'hex'), ids[index] ?? 0)
  }
  driver.prepare('UPDATE runs SET head = ? WHERE run_id = ?').run(Buffer.from(hash, 'hex'), runId)
}

describe('a record that was changed in the database file', () => {
  it.each([
    ['JOURNAL_CORRUPT', 'its content does not match its hash', false],
    ['ENGINE_DIVERGED', 'its run clock is', true],
  ])('is refused as %s, because %s; what was before is still there', async (code, why, seal) => {
    await atDesk(async (desk) => {
      expect((await desk.run(...(await prepare(desk, [note])))).code).toBe(0)
      await rewrite(desk, 6, (body) => body.replace(/"runAt":\d+/, '"runAt":123456'), seal)

      const whole = await desk.run('replay', 'last')
      const forked = await desk.run('fork', 'last', '--from', '7')

      for (const refused of [whole, forked]) {
        expect(refused.code).toBe(1)
        expect(refused.stderr).toContain(`error[${code}]`)
        expect(refused.stderr).toMatch(/at record 6\b/)
        expect(refused.stderr).toContain(why)
        expect(showsStack(refused.stderr)).toBe(false)
      }
      expect(await replayed(desk, 'last', '--to', '5')).toMatchObject({ lastSeq: 5 })
    })
  })
})
