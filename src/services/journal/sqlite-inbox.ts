import type { GroupCommit } from './group-commit.ts'
import { encodeEvent } from './entry-text.ts'
import type { Journal } from './journal.ts'
import { runUnknown } from './journal-failure.ts'
import { integer, toInboxRow } from './records.ts'
import { COLUMNS, type Ledger } from './sqlite-ledger.ts'
import type { Store } from './sqlite-store.ts'

/** Requests from other processes; they are answered by the owner's commits. */
export function createSqliteInbox(store: Store, ledger: Ledger, group: GroupCommit): Pick<Journal, 'send' | 'pending' | 'inbox'> {
  return {
    send: async (runId, event, at) => {
      const body = encodeEvent(runId, event)
      return group.submit(() => {
        if (ledger.run(runId) === null) throw runUnknown(runId)
        const insert = store.statement(`INSERT INTO inbox (run_id, at, event, state) VALUES (?, ?, ?, 'pending') RETURNING inbox_id`)
        return integer(insert.get(runId, at, body) ?? {}, 'inbox_id', 'a new request')
      })
    },
    pending: (runId) =>
      store.read(() =>
        store.statement(`SELECT ${COLUMNS.inbox} FROM inbox WHERE run_id = ? AND state = 'pending' ORDER BY inbox_id`).all(runId).map(toInboxRow),
      ),
    inbox: (inboxId) => store.read(() => ledger.inbox(inboxId)),
  }
}
