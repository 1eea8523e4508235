// One of several processes that use one store at once: commits to its own run, takes turns on a shared run, sends requests to it.
import { setTimeout } from 'node:timers/promises'
import { processOwner } from '../../../../src/services/journal/process-owner.ts'
import { createSqliteJournal } from '../../../../src/services/journal/sqlite.journal.ts'

const [file = '', name = '', shared = '', roundsText = ''] = process.argv.slice(2)
const rounds = Number(roundsText)
const journal = await createSqliteJournal({ file })
const entry = (seq: number) => ({ kind: 'event' as const, seq, at: Date.now(), runAt: seq, path: '', event: { type: 'turn', by: name } })
const claim = (runId: string, create: boolean) => journal.acquire(runId, { owner: processOwner(), ttlMs: 60_000, now: Date.now(), create })

const own = claim(name, true)
if (own === null) throw new Error('the run is owned')
for (let round = 0; round < rounds; round += 1) {
  await journal.commit({ runId: name, token: own.token, entries: [entry(2 * round), entry(2 * round + 1)] })
  await journal.send(shared, { type: 'hello', by: name, round }, Date.now())
  let turn = claim(shared, false)
  while (turn === null) {
    await setTimeout(1)
    turn = claim(shared, false)
  }
  const answers = journal.pending(shared).map(({ inboxId }) => ({ inboxId, refusal: null }))
  await journal.commit({ runId: shared, token: turn.token, entries: [entry(journal.read(shared).length)], answers })
  journal.release(turn)
}
await journal.close()
