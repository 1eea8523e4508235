/** Structured log lines: what, with which ids, in words. */
export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Says nothing. */
export function createSilentLog(): Log {
  const nothing = () => {}
  return { debug: nothing, info: nothing, warn: nothing, error: nothing }
}
