// What a step of a finished run gave: reports leave it out, the store keeps it.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inRoot } from './project.mjs'

/** The output of the first step with this capability in a report, from the run's state folder; null when it did not succeed. */
export async function stepOutput(stateDir, report, capability) {
  const ref = report?.actions.find((action) => action.capability === capability)?.result?.outputRef ?? null
  if (ref === null) return null
  const { createSqliteJournal } = await import(pathToFileURL(inRoot('dist/index.js')).href)
  const journal = await createSqliteJournal({ file: join(stateDir, 'planner-exec.db') })
  try {
    return JSON.parse(journal.blob(ref) ?? 'null')
  } finally {
    await journal.close()
  }
}
