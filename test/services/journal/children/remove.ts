// Removes the finished runs of a store one by one, and says how many are gone after each.
import { createSqliteJournal } from '../../../../src/services/journal/sqlite.journal.ts'

const [file = '', now = ''] = process.argv.slice(2)
const journal = await createSqliteJournal({ file })
for (const [index, { runId }] of journal.list().entries()) {
  journal.remove([runId], { now: Number(now), endedBy: Number(now) })
  process.stdout.write(`${index + 1}\n`)
}
