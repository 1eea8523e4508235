import { named } from '../finding.ts'
import { type Claim, claimAt } from './claims.ts'
import type { Lock } from './lock.ts'
import type { Manifest } from './manifests.ts'
import { type Brought, broughtBy, type Dependencies, entryOf, lockFor, titleOf } from './project.ts'
import { groupedBy } from '../groups.ts'
import { type Semver, validRange } from './specs.ts'

interface Excluded extends Brought {
  /** A version that the project claims to support and the package does not. */
  readonly version: string
  readonly isOldest: boolean
}

/** Whether the versions of Node that a project claims to support are all supported by what it brings along. */
export function engineChecks(project: Dependencies): { claims: Claim[]; notExamined: string[] } {
  const claims: Claim[] = []
  const notExamined: string[] = []
  for (const manifest of project.manifests) {
    if (!manifest.declarations.some(({ field }) => field === 'dependencies')) continue
    const lock = lockFor(manifest, project)
    if (manifest.node === null || validRange(manifest.node, project.semver) === null) {
      notExamined.push(`${manifest.path} (its engines.node is absent or no range)`)
    } else if (lock?.tells.engines !== true) {
      notExamined.push(`${manifest.path} (${lock === null ? 'no lockfile was read' : `the ${lock.format} does not tell engines`})`)
    } else claims.push(...ofManifest(manifest, manifest.node, lock, project.semver))
  }
  return {
    claims,
    notExamined: notExamined.length === 0 ? [] : [`whether dependencies support the project's versions of Node: ${named(notExamined, 5)}`],
  }
}

function ofManifest(manifest: Manifest, own: string, lock: Lock, semver: Semver): Claim[] {
  const excluded = broughtBy(manifest, lock, ['dependencies']).flatMap((item): Excluded[] => {
    const found = item.locked.node === null ? null : excludedVersion(own, item.locked.node, semver)
    return found === null ? [] : [{ ...item, ...found }]
  })
  return [...groupedBy(excluded, ({ by }) => by.name).values()].flatMap((group) => {
    const first = group.find(({ isOldest }) => isOldest) ?? group[0]
    return first === undefined ? [] : [claimOf(own, first, group, lock)]
  })
}

function claimOf(own: string, first: Excluded, group: readonly Excluded[], lock: Lock): Claim {
  const { locked, by, version, isOldest } = first
  const via = first.isDirect ? '' : ` (through ${by.name})`
  return claimAt(
    by,
    {
      rule: 'deps.engines',
      severity: isOldest ? 'medium' : 'low',
      title: `${titleOf(locked)}${via} excludes Node ${version}, which ${by.manifest} claims to support`,
      evidence: `engines.node: ${own} in ${by.manifest}; ${group.map((item) => `${item.locked.node} in ${titleOf(item.locked)}`).join('; ')}`,
      why: 'Who runs one of the claimed versions may get warnings, a refused installation, or errors at run time.',
      fix: 'Narrow `engines.node`, or take a version of the dependency that supports the whole range.',
    },
    entryOf(locked, lock),
  )
}

/**
 * The lowest version among the edges of both ranges that `own` includes and `other` excludes; null when there is none, or a range is
 * nonsense. Found by trying versions, not by comparing ranges.
 */
export function excludedVersion(own: string, other: string, semver: Semver): { readonly version: string; readonly isOldest: boolean } | null {
  if (validRange(own, semver) === null || validRange(other, semver) === null) return null
  const oldest = semver.minVersion(own, { loose: true })?.version ?? null
  const found = [...edgesOf(own, semver), ...edgesOf(other, semver)]
    .filter((version) => semver.satisfies(version, own, { loose: true }) && !semver.satisfies(version, other, { loose: true }))
    .sort((a, b) => semver.compare(a, b))[0]
  return found === undefined ? null : { version: found, isOldest: found === oldest }
}

/** The versions at which a range may begin or end, and those right after them. */
function edgesOf(range: string, semver: Semver): string[] {
  const comparators = new semver.Range(range, { loose: true }).set.flat()
  return comparators.flatMap(({ semver: edge }) => {
    // The comparator of `*` has a symbol there.
    if (!(edge instanceof semver.SemVer)) return ['0.0.0']
    const { major, minor, patch } = edge
    return [`${major}.${minor}.${patch}`, `${major}.${minor}.${patch + 1}`, `${major}.${minor + 1}.0`, `${major + 1}.0.0`].filter(
      (v) => semver.valid(v) !== null,
    )
  })
}
