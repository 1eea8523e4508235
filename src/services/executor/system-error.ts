import { ControllerError, type FailureCode } from '../../errors.ts'

interface Meaning {
  readonly code: FailureCode
  readonly says: string
  readonly hint: string
}

const failed = (says: string, hint: string): Meaning => ({ code: 'ACTION_FAILED', says, hint })
const transient = (says: string, hint: string): Meaning => ({ code: 'ACTION_TRANSIENT', says, hint })

const NO_LINKS = 'Use the path of the file itself; links are not followed.'

/** What the system's error codes mean for a person, and whether trying again may help. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: failed('does not exist', 'Check the path; `fs.list.v1` shows what is there.'),
  ENOTDIR: failed('is not a folder, or lies below something that is none', 'Check the path; `fs.list.v1` shows what is there.'),
  EISDIR: failed('is a folder', 'Use `fs.list.v1` for a folder.'),
  EEXIST: failed('exists already', 'Choose another path, or leave the precondition out.'),
  EACCES: failed('may not be accessed', 'Check its owner and permissions.'),
  EPERM: failed('may not be changed', 'Check its owner, permissions and attributes.'),
  EROFS: failed('lies on a read-only file system', 'Use a workspace that can be written.'),
  ENAMETOOLONG: failed('has a name that is too long', 'Use a shorter path.'),
  ENOTEMPTY: failed('is a folder that is not empty', 'Choose another path.'),
  EFBIG: failed('would be larger than the file system allows', 'Write less.'),
  EXDEV: failed('lies on another file system', 'Use a path on the file system of the workspace.'),
  ELOOP: { code: 'PATH_DENIED', says: 'is a symbolic link', hint: NO_LINKS },
  EMLINK: { code: 'PATH_DENIED', says: 'is a symbolic link', hint: NO_LINKS },
  EBUSY: transient('is in use', 'Try again when the other program is done with it.'),
  ETXTBSY: transient('is a program that is running', 'Try again when it has ended.'),
  EAGAIN: transient('could not be reached because the system is short of resources', 'Try again when the machine is less busy.'),
  EMFILE: transient('could not be opened: this process has too many files open', 'Try again, or raise `ulimit -n`.'),
  ENFILE: transient('could not be opened: the machine has too many files open', 'Try again when the machine is less busy.'),
  ENOMEM: transient('could not be reached: the machine is out of memory', 'Try again when the machine is less busy.'),
  EINTR: transient('was interrupted', 'Try again.'),
  ESTALE: transient('changed on the file server', 'Try again.'),
  ETIMEDOUT: transient('did not answer in time', 'Try again.'),
  ENOSPC: transient('could not be written: no space is left', 'Free space on the file system of the workspace, then try again.'),
  EDQUOT: transient('could not be written: the disk quota is used up', 'Free space within the quota, then try again.'),
}

/** The system's code of an error (`ENOENT`), or null when it has none. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/**
 * A system error as a ControllerError whose message names the thing it happened to; the error itself stays as `cause`.
 * ACTION_TRANSIENT where a retry may help, PATH_DENIED for links, otherwise ACTION_FAILED. A ControllerError passes unchanged.
 */
export function fromSystemError(error: unknown, thing: string): ControllerError {
  if (error instanceof ControllerError) return error
  const code = systemCode(error)
  const meaning = code === null ? undefined : MEANINGS[code]
  if (code !== null && meaning !== undefined) {
    return new ControllerError(meaning.code, `${thing} ${meaning.says} (${code}).`, { hint: meaning.hint, cause: error })
  }
  const why = error instanceof Error ? error.message : String(error)
  return new ControllerError('ACTION_FAILED', `${thing}: ${why}`, { cause: error })
}
