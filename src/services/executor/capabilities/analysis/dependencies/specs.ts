import type SemverModule from 'semver'

/** The library for versions, which is loaded only when a project has any. */
export type Semver = typeof SemverModule

export async function loadSemver(): Promise<Semver> {
  return (await import('semver')).default
}

/** What a manifest asks for: a range of versions, under another name or not, or something that no registry has. */
export type Spec =
  | { readonly kind: 'range'; readonly range: string; readonly of: string | null }
  /** A name that the registry gives to a version, such as `latest`. */
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'git'; readonly isPinned: boolean; readonly isEncrypted: boolean }
  | { readonly kind: 'http'; readonly isEncrypted: boolean }
  | { readonly kind: 'file' }
  /** A package of the same repository, or a range that is kept elsewhere. */
  | { readonly kind: 'workspace' }
  | { readonly kind: 'other' }

/** The libraries take longer than that over hostile ranges; real ones are shorter. */
const MAX_RANGE = 256
const GIT =
  /^(?:git(?:\+[a-z]+)?:|git@|(?:github|gitlab|bitbucket|gist):)|^https?:\/\/(?:github\.com|gitlab\.com|bitbucket\.org)\/[^/]+\/[^/]+(?:\.git)?(?:#|$)/
const SHORT_GIT = /^[\w.-]+\/[\w.-]+(?:#|$)/
const COMMIT = /#[0-9a-f]{40}$/i

/** Reads the right side of a dependency as npm, pnpm and yarn do. */
export function specOf(text: string, semver: Semver): Spec {
  const spec = text.trim()
  if (/^(?:workspace|catalog|portal|jsr|patch|exec):/.test(spec)) return { kind: spec.startsWith('workspace:') ? 'workspace' : 'other' }
  if (/^(?:file|link):|^\.{1,2}\/|^\/|^~\//.test(spec)) return { kind: 'file' }
  if (GIT.test(spec) || SHORT_GIT.test(spec)) {
    return { kind: 'git', isPinned: COMMIT.test(spec), isEncrypted: !/^(?:git:|git\+http:|http:)/.test(spec) }
  }
  if (/^https?:/.test(spec)) return { kind: 'http', isEncrypted: spec.startsWith('https:') }
  const alias = /^npm:(@?[^@]+)(?:@(.*))?$/.exec(spec)
  if (alias) {
    const range = validRange(alias[2] ?? '*', semver)
    return range === null ? { kind: 'other' } : { kind: 'range', range, of: alias[1] ?? null }
  }
  const range = validRange(spec, semver)
  if (range !== null) return { kind: 'range', range, of: null }
  return /^[a-z][\w.-]{0,63}$/i.test(spec) ? { kind: 'tag', tag: spec } : { kind: 'other' }
}

/** The text itself where it is a range; null where it is none, or absurdly long. */
export function validRange(text: string, semver: Semver): string | null {
  if (text.length > MAX_RANGE) return null
  return semver.validRange(text, { loose: true }) === null ? null : text
}

/** Whether a version is in a range, as npm decides it; null when one of them is nonsense. */
export function isIn(version: string, range: string, semver: Semver): boolean | null {
  if (validRange(range, semver) === null || semver.valid(version, { loose: true }) === null) return null
  return isAny(range) || semver.satisfies(version, range, { loose: true })
}

/** Whether a range takes every version. */
export function isAny(range: string): boolean {
  return /^(?:|[*xX]|>=\s*0(?:\.0){0,2})$/.test(range.trim())
}
