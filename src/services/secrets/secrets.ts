import type { Json } from '../../model/json.ts'

/** What was taken out of a body. */
export interface FoundSecret {
  /** As in `${secret:ref}`. */
  readonly ref: string
  /** What it is, such as `github` or `password`; `known` for a value that was known before. */
  readonly kind: string
  /** How often. */
  readonly count: number
}

export interface RedactedBody<T> {
  readonly value: T
  readonly found: readonly FoundSecret[]
}

/**
 * Takes secrets out of what is recorded and shown. A secret is replaced by `${secret:ref}`: by its name where it is known, by
 * `${secret:<kind>-<8 hex digits or more>}` where it was found; an encoded known one is `${secret:NAME:<form>}` and cannot be put back.
 */
export interface Redactor {
  /** The text without known secrets, plain or encoded. For lines of a log and messages. Deterministic within a process. */
  redactKnown(text: string): string
  /** The same for plain JSON data, keys included; parts without a secret are shared. @throws ControllerError OUTPUT_INVALID when too deep */
  redactKnownJson<T>(value: T): T
  /**
   * The same for the text of such data, which stays JSON: in the text itself a secret may begin within an escape, such as `\u001b`.
   * @throws ControllerError OUTPUT_INVALID when too deep; SyntaxError when it is no JSON
   */
  redactKnownJsonText(text: string): string
  /**
   * For what comes from outside, once, before anything is recorded: takes out known secrets and what looks like one, and escapes what
   * looks like a reference. `source` is named where something is told. What was found is in the vault when this resolves, or cannot be put back: that is told once.
   * @throws ControllerError OUTPUT_INVALID when it is nested deeper than 500 levels or longer than 64 Mi characters
   */
  redactBody<T>(value: T, from: { readonly runId: string; readonly source: string }): Promise<RedactedBody<T>>
  /**
   * Arguments with their secrets put back and escapes undone, for an executor and nobody else, after admission. Named secrets are read now.
   * @throws ControllerError BAD_REFERENCE for a secret that this run does not have, JOURNAL_CORRUPT, CONFIG_INVALID for a vault that cannot be read
   */
  restore<T>(value: T, of: { readonly runId: string }): Promise<T>
  /** The secrets that `restore` would put into a value, each once; `''` for a malformed reference. */
  refsIn(value: Json): readonly string[]
}

/** Values that must stay exact and must not be shown, encrypted, by run. */
export interface Vault {
  /**
   * Keeps values and resolves with their references once they would survive a crash. Equal values of a store have equal references.
   * @throws ControllerError CONFIG_INVALID when there is no usable key, JOURNAL_UNWRITABLE
   */
  keep(runId: string, values: readonly { readonly kind: string; readonly value: string }[]): Promise<readonly string[]>
  /**
   * The exact value; null when the run has none of that reference.
   * @throws ControllerError CONFIG_INVALID for a key that is not the one it was kept with, JOURNAL_CORRUPT when it is not what was written
   */
  read(runId: string, ref: string): Promise<string | null>
  /** Gives a run everything that another one has: for a fork, whose records refer to it. @throws as `read` and `keep` */
  copy(fromRunId: string, toRunId: string): Promise<void>
  /** Forgets a run's values. What is not ours is left where it is. Never throws; false when something remains. */
  remove(runId: string): boolean
}
