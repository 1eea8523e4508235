import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { ControllerError } from '../../errors.ts'
import type { Secrets, SecretSource } from '../../model/secrets.ts'
import type { KnownSecret } from './known-finder.ts'
import { isWordy } from './placeholder.ts'

/** Shorter values are found in ordinary text by chance. */
const MIN_CHARS = 8
const MIN_DIFFERENT = 4
const MAX_FILE_BYTES = 64 * 1024

/** Names of environment variables whose values are secrets, whatever they are for. */
const NAME =
  /(?:^|[_-])(?:\w*TOKEN|\w*SECRET|\w*PASSWORD|\w*PASSWD|\w*PASSPHRASE|\w*API_?KEY|\w*PRIVATE_?KEY|(?:ACCESS|SECRET|AUTH|ENCRYPTION|SIGNING|ACCOUNT)_?KEY|CREDENTIALS?|AUTH)$|^AWS_\w*(?:KEY|TOKEN|SECRET)\w*$/i
/** Values that such variables have when they hold something else: places, switches, numbers, words. */
const HARMLESS =
  /^(?:[a-z]:\\.*|true|false|enabled|disabled|required|optional|none|null|undefined|default|[\d.,:-]{1,15}|[a-z]{1,15}|[A-Z]{1,15}|[a-z]{1,15}[-_][a-z]{1,15})$/s
const COMMON = /^(?:password|passw0rd|changeme|secret|admin|qwerty|letmein|welcome|test|example)\d{0,4}!?$/i
const URL_PASSWORD = /^[a-z][a-z0-9+.-]{1,30}:\/\/[^\s/:@]{0,200}:([^\s/@]{8,300})@/i

/**
 * The values of the environment whose names say that they are secrets, and passwords in URLs, by name; of two equal ones the first by name.
 * They are taken out of every record, and no action can use them: that needs a declaration.
 */
export function environmentSecrets(env: Readonly<Record<string, string | undefined>>): readonly KnownSecret[] {
  const values = new Set<string>()
  return Object.entries(env)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([variable, value = '']) => {
      const secret =
        NAME.test(variable) && !HARMLESS.test(value) && !COMMON.test(value) && !isPath(value) ? value : (URL_PASSWORD.exec(value)?.[1] ?? '')
      if (!isTelling(secret) || values.has(secret)) return []
      values.add(secret)
      return [{ name: secretNameOf(variable), value: secret }]
    })
}

/** The declared secrets that have a value now. @throws ControllerError CONFIG_INVALID for a file that cannot be read, or too simple a value */
export function declaredSecrets(secrets: Secrets, env: Readonly<Record<string, string | undefined>>): readonly KnownSecret[] {
  return Object.entries(secrets).flatMap(([name, source]) => {
    const value = valueOf(name, source, env)
    return value === null ? [] : [{ name, value }]
  })
}

/** The value of a declared secret now; null while its variable is not set. @throws ControllerError CONFIG_INVALID as `declaredSecrets` */
export function valueOf(name: string, source: SecretSource, env: Readonly<Record<string, string | undefined>>): string | null {
  const value = 'env' in source ? env[source.env] : readSecretFile(name, source.file).replace(/\r?\n$/, '')
  if (value === undefined || value === '') return null
  if (isTelling(value)) return value
  throw new ControllerError('CONFIG_INVALID', `The secret ${name} is too short or too simple: it would be found in ordinary text.`, {
    hint: `Use a value of at least ${MIN_CHARS} characters, ${MIN_DIFFERENT} of them different.`,
  })
}

/** Whether a value is not found in ordinary text by chance. */
export const isTelling = (value: string): boolean => value.length >= MIN_CHARS && new Set(value).size >= MIN_DIFFERENT

/** What begins like one may also be base 64. */
const isPath = (value: string): boolean => /^~?\.{0,2}\//.test(value) && (isWordy(value) || !/[A-Z]/.test(value) || !/\d/.test(value))

/** As a reference can have it. */
function secretNameOf(variable: string): string {
  const name = variable.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
  return (/^[A-Z]/.test(name) ? name : `ENV_${name}`).slice(0, 64)
}

function readSecretFile(name: string, file: string): string {
  try {
    // A pipe would never open.
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = fstatSync(fd)
      if (!stats.isFile()) throw new Error('it is no regular file')
      if (stats.size > MAX_FILE_BYTES) throw new Error(`it has more than ${MAX_FILE_BYTES} bytes`)
      const bytes = Buffer.alloc(stats.size)
      const length = readSync(fd, bytes, 0, bytes.length, 0)
      return bytes.toString('utf8', 0, length)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new ControllerError('CONFIG_INVALID', `The secret ${name} cannot be read from ${file}: ${problem}.`, {
      hint: 'Correct `file`, or take the secret out of the configuration.',
      cause,
    })
  }
}
