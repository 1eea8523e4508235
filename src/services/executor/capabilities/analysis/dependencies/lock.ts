import type { Declaration } from './manifests.ts'

/** A package as a lockfile pins it. What the file does not tell is null. */
export interface LockedPackage {
  /** What the lockfile calls it. */
  readonly id: string
  readonly name: string
  readonly version: string | null
  readonly node: string | null
  readonly licence: string | null
  readonly deprecated: string | null
  /** The names of the commands it brings; null where that is not told. */
  readonly commands: readonly string[] | null
  /** Packages that it expects beside it. */
  readonly peers: readonly string[]
  /** What it cannot do without, by the ids. */
  readonly needs: readonly string[]
  /** Where npm puts it, relative to the workspace. */
  readonly installedAt: string | null
  /** Of the entry in the lockfile; null where the reader does not know lines. */
  readonly line: number | null
}

/** What a lockfile has for one dependency of a manifest. */
export interface Pinned {
  /** The range that the lockfile was written for; null where it does not tell. */
  readonly declared: string | null
  readonly version: string | null
  /** Null for a package of the repository itself. */
  readonly id: string | null
  readonly line: number | null
}

export interface Lock {
  readonly path: string
  /** Empty for the workspace itself. */
  readonly folder: string
  readonly manager: 'npm' | 'pnpm' | 'yarn'
  /** For a person: `npm lockfile version 3`. */
  readonly format: string
  /** The facts that this format has: whose requests it answers, and what its packages are. */
  readonly tells: { readonly members: boolean; readonly engines: boolean; readonly licences: boolean; readonly deprecated: boolean }
  readonly packages: ReadonlyMap<string, LockedPackage>
  /** Names whose versions are decided elsewhere. */
  readonly overridden: ReadonlySet<string>
  /** Whether it pins what the manifest in this folder asks for. */
  covers(folder: string): boolean
  /** Null: it has nothing for it. `unknown`: whether it has cannot be told. */
  pinned(folder: string, declaration: Declaration): Pinned | 'unknown' | null
}

export type ReadLock = { readonly ok: true; readonly lock: Lock } | { readonly ok: false; readonly problem: string }
