import { ControllerError, toFailure } from '../errors.ts'

/**
 * What a chart hears of an error: data that survives a journal. An `Error` becomes its name, message and own fields, a `ControllerError` its
 * failure; anything else stays what it is.
 */
export function errorData(error: unknown): unknown {
  if (error instanceof ControllerError) return toFailure(error)
  return error instanceof Error ? { ...error, name: error.name, message: error.message } : error
}
