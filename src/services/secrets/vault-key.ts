import { createHmac, hkdfSync, randomBytes, randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { ControllerError } from '../../errors.ts'
import { makeFolder } from './vault-folder.ts'

/** What is made of the key of a vault, for each purpose its own. */
export interface VaultKey {
  /** Tells keys apart, and nothing about them. */
  readonly id: string
  /** AES-256. */
  readonly cipher: Buffer
  /** HMAC-SHA-256, for references. */
  readonly hash: Buffer
}

export interface KeyPlaces {
  /** Absolute, or relative to the working folder; absent: `vault.key` in the user's configuration. */
  readonly file?: string
  /** Folders that actions can write in, or that are given away: the key must not be in one of them. */
  readonly outside: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

const KEY_BYTES = 32
const FORM = /^planner-exec-vault-key-1 ([0-9a-f]{64})\n$/
const FORM_BYTES = 'planner-exec-vault-key-1 '.length + 2 * KEY_BYTES + 1
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants

/** `$XDG_CONFIG_HOME/planner-exec/vault.key`, or `~/.config/planner-exec/vault.key`. */
export function defaultKeyFile(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_CONFIG_HOME'] ?? ''
  // The specification wants a relative one ignored.
  return join(isAbsolute(base) ? base : join(env['HOME'] ?? homedir(), '.config'), 'planner-exec', 'vault.key')
}

/**
 * Reads the key, or makes it (mode 0600, in a folder of mode 0700) when there is none.
 * @throws ControllerError CONFIG_INVALID when it cannot be made, is not a file of this user's alone, or is where it must not be
 */
export function openVaultKey(places: KeyPlaces): VaultKey {
  const file = resolve(places.file ?? defaultKeyFile(places.env))
  try {
    refuseInside(file, places.outside)
    return derived(readKey(file) ?? madeKey(file, places.outside))
  } catch (error) {
    if (error instanceof ControllerError) throw error
    throw refused(file, `it can be neither read nor made: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** A key that nobody keeps: what is hidden with it stays hidden. */
export const passingKey = (): VaultKey => derived(randomBytes(KEY_BYTES))

function derived(key: Buffer): VaultKey {
  const part = (purpose: string) => Buffer.from(hkdfSync('sha256', key, '', `planner-exec vault ${purpose}`, KEY_BYTES))
  return { id: createHmac('sha256', part('id')).update('id').digest('hex').slice(0, 16), cipher: part('cipher'), hash: part('hash') }
}

/** Null when there is none. */
function readKey(file: string): Buffer | null {
  const folder = lstatSync(dirname(file), { throwIfNoEntry: false })
  if (folder === undefined || lstatSync(file, { throwIfNoEntry: false }) === undefined) return null
  refuseShared(file)
  const fd = openKey(file)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw refused(file, 'it is no regular file')
    if (!isOurs(stats.uid)) throw refused(file, 'it belongs to another user')
    if (process.getuid !== undefined && (stats.mode & 0o077) !== 0) throw refused(file, 'others can read or change it')
    const bytes = Buffer.alloc(FORM_BYTES + 1)
    const key = FORM.exec(bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0)))?.[1]
    if (key === undefined) throw refused(file, 'it does not hold a key')
    return Buffer.from(key, 'hex')
  } finally {
    closeSync(fd)
  }
}

function openKey(file: string): number {
  try {
    return openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ELOOP') throw refused(file, 'it is a symbolic link', error)
    throw error
  }
}

/** Whoever can write in its folder can put another key in its place. */
function refuseShared(file: string): void {
  if (process.getuid === undefined) return
  const stats = statSync(dirname(file))
  if (!isOurs(stats.uid)) throw refused(file, 'its folder belongs to another user')
  if ((stats.mode & 0o022) !== 0) throw refused(file, 'others can write in its folder')
}

/** Root may use what root made only: a key of another user is known to that user. */
const isOurs = (uid: number): boolean => process.getuid === undefined || uid === process.getuid()

/** Makes the key under another name and gives it its own in one step: whoever reads finds a whole key, and of two makers one wins. */
function madeKey(file: string, outside: readonly string[]): Buffer {
  const folder = dirname(file)
  makeFolder(folder)
  // The folder is there now: a link in its path shows where it leads.
  refuseInside(file, outside)
  refuseShared(file)
  const temporary = join(folder, `.${basename(file)}.${randomUUID()}`)
  const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    try {
      fchmodSync(fd, 0o600)
      writeSync(fd, `planner-exec-vault-key-1 ${randomBytes(KEY_BYTES).toString('hex')}\n`)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    linkIfFree(temporary, file)
  } finally {
    unlinkSync(temporary)
  }
  syncFolder(folder)
  const key = readKey(file)
  if (key === null) throw refused(file, 'it was removed while it was made')
  return key
}

function linkIfFree(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, O_RDONLY | O_DIRECTORY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function refuseInside(file: string, folders: readonly string[]): void {
  for (const folder of folders) {
    if (isBelow(file, resolve(folder)) || isBelow(realOf(file), realOf(resolve(folder)))) {
      throw refused(file, `it is inside ${folder}, which actions can read`)
    }
  }
}

function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

/** The path without links, as far as it exists. */
function realOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(realOf(parent), basename(path))
  }
}

function refused(file: string, problem: string, cause?: unknown): ControllerError {
  return new ControllerError('CONFIG_INVALID', `The key of the vault, ${file}, cannot be used: ${problem}.`, {
    hint: 'Give a file of yours alone (mode 0600) outside the workspace with `--vault-key FILE`; it is made when it is missing.',
    cause,
  })
}

const hasCode = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code
