// Commits to a new run until it is killed, and says each record's number once it is durable.
import { processOwner } from '../../../../src/services/journal/process-owner.ts'
import { createSqliteJournal } from '../../../../src/services/journal/sqlite.journal.ts'

const [file = '', runId = ''] = process.argv.slice(2)
const journal = await createSqliteJournal({ file })
const lease = journal.acquire(runId, { owner: processOwner(), ttlMs: 60_000, now: Date.now(), create: true })
if (lease === null) throw new Error('the run is owned')
for (let seq = 0; ; seq += 1) {
  const event = { type: 'step.done', text: 'x'.repeat(200) }
  await journal.commit({ runId, token: lease.token, entries: [{ kind: 'event', seq, at: seq, runAt: seq, path: '', event }] })
  process.stdout.write(`${seq}\n`)
}
