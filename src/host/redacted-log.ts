import type { Log } from '../services/log/log.ts'
import type { Redactor } from '../services/secrets/secrets.ts'

/** A log that never shows a secret that is known. */
export function redactedLog(log: Log, redactor: Pick<Redactor, 'redactKnown' | 'redactKnownJson'>): Log {
  const through = (level: keyof Log) => (fields: object, message: string) =>
    log[level](redactor.redactKnownJson(fields), redactor.redactKnown(message))
  return { debug: through('debug'), info: through('info'), warn: through('warn'), error: through('error') }
}
