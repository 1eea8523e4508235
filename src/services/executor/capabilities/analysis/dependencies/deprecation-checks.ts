import { named } from '../finding.ts'
import { type Claim, claimAt } from './claims.ts'
import type { Lock } from './lock.ts'
import { type Brought, broughtBy, type Dependencies, entryOf, lockFor, titleOf } from './project.ts'
import { groupedBy } from '../groups.ts'

/** Packages whose authors tell people to use something else, as far as the lockfiles say so. */
export function deprecationChecks(project: Dependencies): Claim[] {
  const seen = new Set<string>()
  return project.manifests.flatMap((manifest) => {
    const lock = lockFor(manifest, project)
    if (lock === null) return []
    const found = broughtBy(manifest, lock, ['dependencies', 'optionalDependencies', 'devDependencies']).filter(({ locked }) => {
      const key = `${lock.path}\0${locked.id}`
      if (locked.deprecated === null || seen.has(key)) return false
      seen.add(key)
      return true
    })
    return [...groupedBy(found, ({ by }) => by.name).values()].flatMap((group) => {
      const first = group.find(({ isDirect }) => isDirect) ?? group[0]
      return first === undefined ? [] : [claimOf(first, group, lock)]
    })
  })
}

function claimOf({ by, isDirect, locked }: Brought, group: readonly Brought[], lock: Lock): Claim {
  const isDevelopment = by.field === 'devDependencies'
  return claimAt(
    by,
    {
      rule: 'deps.deprecated',
      severity: !isDirect ? 'info' : isDevelopment ? 'low' : 'medium',
      confidence: lock.manager === 'npm' ? 'verified' : 'heuristic',
      title: isDirect
        ? `${titleOf(locked)} is deprecated`
        : `${by.name} brings along deprecated packages: ${named(
            group.map((item) => titleOf(item.locked)),
            3,
          )}`,
      evidence: named(
        group.map((item) => `${titleOf(item.locked)}: ${item.locked.deprecated}`),
        3,
      ),
      why: 'Its authors no longer want it to be used; it may get no fixes, not even for security.',
      fix: isDirect ? 'Do what the message says, or replace the package.' : `Update or replace ${by.name}.`,
    },
    group.flatMap((item) => entryOf(item.locked, lock)),
  )
}
