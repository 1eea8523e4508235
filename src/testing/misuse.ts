import { ControllerError } from '../errors.ts'

/** The kit was asked for what it cannot do. */
export const misuse = (message: string, hint: string, cause?: unknown): ControllerError => new ControllerError('USAGE', message, { hint, cause })
