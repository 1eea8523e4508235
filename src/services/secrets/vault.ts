import { ControllerError } from '../../errors.ts'
import type { Vault } from './secrets.ts'
import { keyedHash, seal, unseal } from './sealed.ts'
import type { Sealed } from './sealed.ts'
import { createSealedLog } from './sealed-log.ts'
import type { SealedLog } from './sealed-log.ts'
import { removeRunFile } from './vault-folder.ts'
import { openVaultKey } from './vault-key.ts'
import type { VaultKey } from './vault-key.ts'

export interface VaultOptions {
  readonly stateDir: string
  readonly workspace: string
  /** Absent: `defaultKeyFile`. */
  readonly keyFile?: string
  /** Default: that of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Runs whose files are remembered. */
const REMEMBERED = 32
/** Digits of the hash in a reference; more when two values of a run share them. */
const HASH_DIGITS = 8
const ALL_DIGITS = 64

/**
 * Keeps values in `vault/<run>.jsonl` of the state folder, each sealed with AES-256-GCM for its run and reference. Nothing is made or read
 * before the first value: a run without a secret leaves no key and no file. Several processes may keep values of one run at a time.
 */
export function createFileVault(options: VaultOptions): Vault {
  const { stateDir, workspace, keyFile, env = process.env } = options
  const logs = new Map<string, SealedLog>()
  let opened: VaultKey | null = null
  const key = (): VaultKey => (opened ??= openVaultKey({ env, outside: [workspace, stateDir], ...(keyFile === undefined ? {} : { file: keyFile }) }))

  function logOf(runId: string): SealedLog {
    const log = logs.get(runId) ?? createSealedLog(stateDir, runId)
    if (logs.size >= REMEMBERED) logs.clear()
    logs.set(runId, log)
    return log
  }

  /** The exact value of the first; null for none. */
  function open(runId: string, sealed: readonly Sealed[]): string | null {
    const values = new Set(sealed.map((entry) => unsealed(runId, entry)))
    const [value = null] = values
    if (values.size > 1) throw damaged(runId, sealed[0]?.ref ?? '', 'it stands for two values')
    return value
  }

  function unsealed(runId: string, entry: Sealed): string {
    if (entry.key !== key().id) {
      throw new ControllerError('CONFIG_INVALID', `The vault of run ${runId} was written with another key.`, {
        hint: 'Give the key that it was written with (`--vault-key FILE`); without it the values are lost.',
      })
    }
    const value = unseal(key(), runId, entry)
    if (value === null) throw damaged(runId, entry.ref, 'it is not what was written')
    return value
  }

  /** The shortest reference that no other value of the run has, and whether the value is there already. */
  function placeOf(runId: string, log: SealedLog, taken: ReadonlyMap<string, string>, kind: string, value: string) {
    const hash = keyedHash(key(), value)
    for (let digits = HASH_DIGITS; digits < ALL_DIGITS; digits += HASH_DIGITS) {
      const ref = `${kind}-${hash.slice(0, digits)}`
      const there = taken.get(ref) ?? open(runId, log.of(ref))
      if (there === null || there === value) return { ref, isNew: there === null }
    }
    return { ref: `${kind}-${hash}`, isNew: true }
  }

  return {
    async keep(runId, values) {
      if (values.length === 0) return []
      key()
      const log = logOf(runId)
      const added = new Map<string, string>()
      try {
        const refs = values.map(({ kind, value }) => {
          const { ref, isNew } = placeOf(runId, log, added, kind, value)
          if (isNew) added.set(ref, value)
          return ref
        })
        await log.append([...added].map(([ref, value]) => seal(key(), runId, ref, value)))
        return refs
      } catch (error) {
        throw unwritable(runId, error)
      }
    },

    async read(runId, ref) {
      const log = logOf(runId)
      const sealed = readable(runId, () => log.of(ref))
      if (sealed.length > 0) return open(runId, sealed)
      if (log.unreadable > 0) throw damaged(runId, ref, 'it is not there, and the file holds lines that are damaged')
      return null
    },

    async copy(fromRunId, toRunId) {
      const sealed = readable(fromRunId, () => logOf(fromRunId).all())
      try {
        await logOf(toRunId).append(sealed.map((entry) => seal(key(), toRunId, entry.ref, unsealed(fromRunId, entry))))
      } catch (error) {
        throw unwritable(toRunId, error)
      }
    },

    remove(runId) {
      logs.delete(runId)
      try {
        removeRunFile(stateDir, runId)
        return true
      } catch {
        return false
      }
    },
  }
}

function readable<T>(runId: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw damaged(runId, '', cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function damaged(runId: string, ref: string, problem: string, cause?: unknown): ControllerError {
  const what = ref === '' ? 'The vault' : `The secret ${ref} in the vault`
  return new ControllerError('JOURNAL_CORRUPT', `${what} of run ${runId} cannot be read: ${problem}.`, {
    hint: 'Restore the file from a backup, or plan the step again without the secret.',
    cause,
  })
}

function unwritable(runId: string, error: unknown): ControllerError {
  if (error instanceof ControllerError) return error
  const problem = error instanceof Error ? error.message : String(error)
  return new ControllerError('JOURNAL_UNWRITABLE', `The vault of run ${runId} cannot be written: ${problem}.`, { cause: error })
}
