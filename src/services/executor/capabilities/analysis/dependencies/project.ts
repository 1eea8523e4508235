import type { Proof } from './claims.ts'
import type { Lock, LockedPackage } from './lock.ts'
import type { Locks } from './locks.ts'
import { type Declaration, type Manifest, upwards } from './manifests.ts'
import type { Semver } from './specs.ts'
import { rootOf } from './workspaces.ts'

/** What all checks of dependencies look at. */
export interface Dependencies {
  /** As given: relative to the workspace. */
  readonly folder: string
  /** Every file, as the walk of the project lists them. */
  readonly files: ReadonlySet<string>
  readonly manifests: readonly Manifest[]
  readonly locks: Locks
  /** The names of the packages of the repository itself. */
  readonly own: ReadonlySet<string>
  readonly semver: Semver
}

/** A package that comes with a manifest, and the line there that brings it. */
export interface Brought {
  readonly locked: LockedPackage
  readonly by: Declaration
  /** It is what the line asks for, and not a dependency of it. */
  readonly isDirect: boolean
}

/** The lockfile that pins what a manifest asks for: the nearest one that knows it; null when there is none. */
export function lockFor(manifest: Manifest, { locks, manifests, files }: Dependencies): Lock | null {
  for (const folder of upwards(manifest.folder)) {
    const found = locks.locks.find(
      (lock) => lock.folder === folder && (lock.covers(manifest.folder) || (!lock.tells.members && rootOf(manifest, manifests, files) === folder)),
    )
    if (found) return found
  }
  return null
}

/** Each locked package that a manifest brings along in these fields, once, breadth first; optional ones of others are left out. */
export function broughtBy(manifest: Manifest, lock: Lock, fields: readonly Declaration['field'][]): Brought[] {
  const brought = new Map<string, Brought>()
  for (const by of manifest.declarations.filter(({ field }) => fields.includes(field))) {
    const pinned = lock.pinned(manifest.folder, by)
    const locked = pinned === null || pinned === 'unknown' || pinned.id === null ? undefined : lock.packages.get(pinned.id)
    if (locked && !brought.has(locked.id)) brought.set(locked.id, { locked, by, isDirect: true })
  }
  // A Map is walked over while it grows: those that are added are visited, too.
  for (const { locked, by } of brought.values()) {
    for (const id of locked.needs) {
      const needed = lock.packages.get(id)
      if (needed && !brought.has(id)) brought.set(id, { locked: needed, by, isDirect: false })
    }
  }
  return [...brought.values()]
}

/** `name@version`, or the name alone. */
export function titleOf({ name, version }: Pick<LockedPackage, 'name' | 'version'>): string {
  return version === null ? name : `${name}@${version}`
}

/** That a locked package still stands on its line of the lockfile; nothing where lines are not known. */
export function entryOf({ id, line }: LockedPackage, lock: Lock): Proof[] {
  return line === null ? [] : [{ file: lock.path, line, says: [JSON.stringify(id)] }]
}
