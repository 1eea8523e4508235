import { lstatSync, readlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { secretRefsIn } from '../../model/secrets.ts'
import { quote } from './quote.ts'
import { refusal, type Ruling } from './ruling.ts'

/** The folders that paths are judged against; all absolute. */
export interface Places {
  /** Real path. */
  readonly workspace: string
  /** The workspace as its owner spells it, which may lead through symbolic links. */
  readonly workspaceAlias: string
  readonly stateDir: string
  readonly home: string
  /** `host:port` on this machine or a private network that a rule may name; absent: none. */
  readonly privateHosts?: ReadonlySet<string>
}

/** A path target that may be looked at by rules. */
export interface CheckedPath {
  readonly kind: 'path'
  readonly access: 'read' | 'write'
  /** Every absolute name of the file: as asked for, and with all symbolic links followed. */
  readonly names: readonly string[]
}

const UNSAFE_CHARACTER = /[\p{Cc}\p{Zl}\p{Zp}\\]/u
const MAX_PATH_BYTES = 4096
const MAX_LINKS = 40
const INSIDE_HINT = 'Use a path inside the workspace.'

/** The folder that `${home}` means. */
export function homeOf(home: string | undefined): string {
  return resolve(home ?? homedir())
}

/** Whether `path` is `folder` or in it. Compares whole names: `/wsx` is not in `/ws`. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

/** Where the names that were looked at in one check lead, null = nowhere else, so that none is looked at twice. */
type Links = Map<string, string | null>

/**
 * Where a path leads when every symbolic link in it is followed, links to what does not exist included; parts that do not exist stay as
 * they are. `..` leaves the folder a link led to, as the system does it. Does not yield: each look takes some 2 µs, a hundred times less than
 * waiting for a thread would.
 */
export function followLinks(path: string, seen: Links = new Map()): string {
  const pending = path.split('/').reverse()
  let current = '/'
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue
    const next = name === '..' ? dirname(current) : join(current, name)
    const target = name === '..' ? null : linkTarget(next, seen)
    if (target === null) {
      current = next
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new Error(`more than ${MAX_LINKS} symbolic links follow each other`)
    if (isAbsolute(target)) current = '/'
    pending.push(...target.split('/').reverse())
  }
  return current
}

/** Checks what no policy can allow, and gives the path the names that rules are matched with. */
export function checkPath(target: { readonly access: 'read' | 'write'; readonly path: string }, places: Places): CheckedPath | Ruling {
  const { path, access } = target
  if (UNSAFE_CHARACTER.test(path))
    return refusal(
      'path-characters',
      `the path ${quote(path)} contains a control character or a backslash`,
      'Use / between folders and no control characters.',
    )
  // It is put back after this, and whoever wrote what was read chose it: `x/../.env`.
  if (secretRefsIn(path).length > 0)
    return refusal('secret-in-path', `the path ${quote(path)} contains a secret, so where it leads is not known`, 'Write the path itself.')
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return refusal('path-too-long', `a path has more than ${MAX_PATH_BYTES} bytes`, INSIDE_HINT)

  const lexical = underRealWorkspace(resolve(places.workspace, path), places)
  if (!isWithin(places.workspace, lexical)) return refusal('outside-workspace', `the path ${quote(path)} leads outside the workspace`, INSIDE_HINT)
  const seen: Links = new Map()
  const real = reach(lexical, seen)
  if (real === null)
    return refusal(
      'path-unverifiable',
      `where the path ${quote(path)} leads cannot be found out`,
      'Check its permissions, and that its symbolic links do not form a loop.',
    )
  if (!isWithin(places.workspace, real))
    return refusal('outside-workspace', `the path ${quote(path)} leads outside the workspace through a symbolic link`, INSIDE_HINT)
  if (path.split('/').includes('..') && reach(isAbsolute(path) ? path : `${places.workspace}/${path}`, seen) !== real) {
    return refusal(
      'ambiguous-path',
      `the path ${quote(path)} goes back (..) through a symbolic link, so it has two meanings`,
      'Write the path without `..`.',
    )
  }

  const names = [...new Set([lexical, real])]
  return refuseInternals({ path, access, names }, places, seen) ?? { kind: 'path', access, names }
}

function refuseInternals({ path, access, names }: Named, places: Places, seen: Links): Ruling | null {
  const realState = reach(places.stateDir, seen)
  const folders = [places.stateDir, join(places.workspace, '.planner-exec'), ...(realState === null ? [] : [realState])].map(folded)
  const foldedNames = names.map(folded)
  if (foldedNames.some((name) => folders.some((folder) => isWithin(folder, name)))) {
    return refusal(
      'state-folder',
      `the path ${quote(path)} is in the folder where runs are kept`,
      'Look at runs with `planner-exec show` and `events`.',
    )
  }
  if (access === 'write' && foldedNames.some((name) => basename(name) === '.planner-exec.policy.yaml')) {
    return refusal('policy-file', `the path ${quote(path)} is the policy of the workspace`, 'Have a person change it.')
  }
  if (access === 'write' && foldedNames.some((name) => name.split('/').some(isGitFolder))) {
    return refusal('git-internals', `the path ${quote(path)} is inside .git`, 'Change the repository with git, not through its files.')
  }
  return null
}

interface Named {
  readonly path: string
  readonly access: 'read' | 'write'
  readonly names: readonly string[]
}

function underRealWorkspace(path: string, places: Places): string {
  return isWithin(places.workspaceAlias, path) ? join(places.workspace, path.slice(places.workspaceAlias.length)) : path
}

function reach(path: string, seen: Links): string | null {
  try {
    return followLinks(path, seen)
  } catch {
    return null
  }
}

function linkTarget(path: string, seen: Links): string | null {
  const known = seen.get(path)
  if (known !== undefined) return known
  const target = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : null
  seen.set(path, target)
  return target
}

/** A name as the most forgiving file system reads it: without case, invisible characters, and dots or spaces at the end of a part. */
function folded(path: string): string {
  const isPlain = /^[ -~]*$/.test(path)
  const plain = (isPlain ? path : path.replace(/\p{Cf}/gu, '').normalize('NFKC')).toLowerCase()
  if (!/[. ](?:\/|$)/.test(plain)) return plain
  return plain
    .split('/')
    .map((part) => part.replace(/[. ]+$/, ''))
    .join('/')
}

function isGitFolder(part: string): boolean {
  return part === '.git' || /^git~[0-9]$/.test(part)
}
