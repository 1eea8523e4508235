import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { ControllerError } from '../../../errors.ts'
import type { CredentialSource } from '../../../model/egress.ts'

/** Shorter ones could not be told from other text when they are looked for; longer ones are no header any more. */
const MIN_LENGTH = 8
const MAX_LENGTH = 4096
const PRINTABLE = /^[\x20-\x7e]+$/
/** What the group or anyone else may do with a file. */
const OTHERS = 0o077

/**
 * The credential of a service as it is now, without line breaks at its end.
 * @throws ControllerError CONFIG_INVALID, which names where it was looked for and never what was found
 */
export async function readCredential(service: string, source: CredentialSource, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const place = 'env' in source ? `variable ${source.env}` : `file ${source.file}`
  const invalid = (why: string, hint: string, cause?: unknown) =>
    new ControllerError('CONFIG_INVALID', `The credential of the service ${service} cannot be used: the ${place} ${why}.`, { hint, cause })
  const raw = 'env' in source ? env[source.env] : await readPrivateFile(source.file, invalid)
  const value = (raw ?? '').replace(/[\r\n]+$/, '').trim()
  if (value === '') throw invalid('is not set or empty', 'Set it before the controller starts, or remove the service.')
  if (!PRINTABLE.test(value) || value.length < MIN_LENGTH || value.length > MAX_LENGTH) {
    throw invalid(
      `does not hold one line of ${MIN_LENGTH} to ${MAX_LENGTH} printable ASCII characters`,
      'Use the credential alone, as its issuer shows it.',
    )
  }
  return value
}

type Invalid = (why: string, hint: string, cause?: unknown) => ControllerError

async function readPrivateFile(path: string, invalid: Invalid): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    throw invalid('cannot be opened', 'Check that it exists, is no link, and belongs to the user who runs the controller.', error)
  })
  try {
    // What was opened is what is looked at: a path could lead elsewhere a moment later.
    const stats = await file.stat()
    if (!stats.isFile()) throw invalid('is not a regular file', 'Give the path of a file.')
    if ((stats.mode & OTHERS) !== 0) throw invalid('can be read or changed by others than its owner', `Run \`chmod 600 ${path}\`.`)
    if (stats.size > 2 * MAX_LENGTH) throw invalid('is too large for a credential', 'Use a file that holds the credential alone.')
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
