import { logEvent } from '../../../src/host/log-event.ts'
import { createPinoLog } from '../../../src/services/log/pino.log.ts'
import { HOSTILE_TEXTS } from '../hostile-text.ts'

/** Logs each hostile text, in every place of a log line that can hold one, to standard error. */
const log = await createPinoLog('debug')
for (const text of HOSTILE_TEXTS) {
  log.info({ field: text, [text]: text, deep: { list: [text] } }, text)
  log.error({ err: new Error(text) }, text)
  logEvent(log, 'debug', { runId: text, seq: 0, at: 0, type: 'run.started', goal: text, workflowType: text })
}
