import { printableJson } from '../../input/terminal-text.ts'
import type { Log } from './log.ts'

/** Logs by pino as JSON lines to standard error, never to standard output; loads pino only when it is called. */
export async function createPinoLog(level: 'debug' | 'info' | 'warn' | 'error'): Promise<Log> {
  const { pino } = await import('pino')
  const stderr = pino.destination({ fd: 2, sync: true })
  // What is logged may come from anywhere, and standard error may be a terminal.
  const logger = pino({ level, base: null }, { write: (line: string) => stderr.write(`${printableJson(line.trimEnd())}\n`) })
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
  }
}
