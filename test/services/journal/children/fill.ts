// Commits until the disk is full, then says what happened and what can still be read.
import { randomBytes } from 'node:crypto'
import { ControllerError } from '../../../../src/errors.ts'
import { sha256 } from '../../../../src/model/digest.ts'
import { processOwner } from '../../../../src/services/journal/process-owner.ts'
import { createSqliteJournal } from '../../../../src/services/journal/sqlite.journal.ts'

const [file = ''] = process.argv.slice(2)
const journal = await createSqliteJournal({ file })
const lease = journal.acquire('run-1', { owner: processOwner(), ttlMs: 60_000, now: Date.now(), create: true })
if (lease === null) throw new Error('the run is owned')
let stored = 0
try {
  for (;;) {
    const body = randomBytes(20_000).toString('hex')
    const event = { type: 'step.done', ref: sha256(body) }
    await journal.commit({
      runId: 'run-1',
      token: lease.token,
      entries: [{ kind: 'event', seq: stored, at: 0, runAt: 0, path: '', event }],
      blobs: new Map([[sha256(body), body]]),
    })
    stored += 1
  }
} catch (error) {
  if (!(error instanceof ControllerError)) throw error
  console.log(JSON.stringify({ code: error.code, message: error.message, hint: error.hint, stored, readable: journal.read('run-1').length }))
}
