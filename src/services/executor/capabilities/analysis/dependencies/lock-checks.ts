import { named, shellPath } from '../finding.ts'
import { type Claim, claimAt, claimOn } from './claims.ts'
import type { Lock, Pinned } from './lock.ts'
import type { Declaration, Manifest } from './manifests.ts'
import { type Dependencies, lockFor } from './project.ts'
import { groupedBy } from '../groups.ts'
import { isIn, specOf } from './specs.ts'

/** Whether the lockfiles have what the manifests ask for. */
export function lockChecks(project: Dependencies): { claims: Claim[]; notExamined: string[] } {
  const claims = mixed(project)
  const without: string[] = []
  for (const manifest of project.manifests) {
    if (manifest.declarations.length === 0) continue
    const lock = lockFor(manifest, project)
    if (lock === null) without.push(manifest.path)
    else claims.push(...manifest.declarations.flatMap((declaration) => inStep(manifest, declaration, lock, project)))
  }
  return {
    claims,
    notExamined: without.length === 0 ? [] : [`which versions ${named(without)} gets: no lockfile that could be read covers it`],
  }
}

function inStep(manifest: Manifest, declaration: Declaration, lock: Lock, { semver, own, folder }: Dependencies): Claim[] {
  const { name, field } = declaration
  const isElsewhere = manifest.overridden.has(name) || lock.overridden.has(name) || own.has(name)
  // Peers are for whoever installs the package; a field further down loses against the first.
  if (isElsewhere || field === 'peerDependencies' || isRepeated(manifest, declaration)) return []
  const pinned = lock.pinned(manifest.folder, declaration)
  if (pinned === 'unknown') return []
  if (isHygiene(manifest, lock, folder) && (pinned === null || pinned.declared !== declaration.range)) return []
  if (pinned === null) return field === 'optionalDependencies' ? [] : [absent(declaration, lock)]
  if (lock.manager === 'pnpm' && pinned.declared !== null && pinned.declared !== declaration.range) return [stale(declaration, pinned, lock)]
  const spec = specOf(declaration.range, semver)
  if (spec.kind !== 'range' || pinned.version === null || isIn(pinned.version, spec.range, semver) !== false) return []
  return [outside(declaration, pinned.version, pinned, lock)]
}

function isRepeated({ fieldsOf }: Manifest, { name }: Declaration): boolean {
  return (fieldsOf.get(name) ?? []).filter((field) => field !== 'peerDependencies').length > 1
}

/** The hygiene analysis compares the ranges of this one pair of files, where the lockfile tells them. */
function isHygiene(manifest: Manifest, lock: Lock, folder: string): boolean {
  const top = folder.replace(/^(?:\.\/+)+/, '').replace(/^\.$|\/+$/g, '')
  return lock.path.endsWith('package-lock.json') && lock.tells.engines && manifest.folder === lock.folder && lock.folder === top
}

function absent(declaration: Declaration, lock: Lock): Claim {
  return claimAt(declaration, {
    ...ofLock(lock),
    rule: 'deps.lock-absent',
    title: `${lock.path} has no entry for ${declaration.name}`,
    evidence: `${declaration.name}: ${declaration.range} in ${declaration.manifest}; no entry in ${lock.path} (${lock.format})`,
  })
}

function stale(declaration: Declaration, { declared, line }: Pinned, lock: Lock): Claim {
  return claimAt(
    declaration,
    {
      ...ofLock(lock),
      rule: 'deps.lock-stale',
      title: `${lock.path} was written for another range of ${declaration.name}`,
      why: '`pnpm install --frozen-lockfile`, which is the default in CI, refuses to install from it.',
      evidence: `${declaration.name}: ${declaration.range} in ${declaration.manifest}; ${declared ?? ''} in ${lock.path}`,
    },
    lineOf(lock, line, declaration.name),
  )
}

function outside(declaration: Declaration, version: string, { line }: Pinned, lock: Lock): Claim {
  return claimAt(
    declaration,
    {
      ...ofLock(lock),
      rule: 'deps.lock-range',
      title: `${lock.path} pins ${declaration.name} to ${version}, which ${declaration.range} excludes`,
      evidence: `${declaration.name}: ${declaration.range} in ${declaration.manifest}; ${version} in ${lock.path}`,
    },
    lineOf(lock, line, declaration.name),
  )
}

function ofLock(lock: Lock) {
  return {
    severity: 'medium',
    // Only in npm's files is the line known on which the entry stands.
    confidence: lock.manager === 'npm' ? 'verified' : 'heuristic',
    why: 'An installation that takes the lockfile as it is fails, or gets something else than the manifest says.',
    fix: `Run \`${lock.manager} install\` and commit ${lock.path}.`,
  } as const
}

function lineOf(lock: Lock, line: number | null, name: string) {
  return line === null ? [] : [{ file: lock.path, line, says: [name] }]
}

/** Lockfiles of several managers side by side. */
function mixed({ locks, manifests }: Dependencies): Claim[] {
  return [...groupedBy(locks.present, ({ folder }) => folder)].flatMap(([folder, found]): Claim[] => {
    const manifest = manifests.find((candidate) => candidate.folder === folder)
    const declaration = manifest?.declarations[0]
    const managers = new Set(found.map(({ manager }) => manager))
    if (managers.size < 2 || declaration === undefined) return []
    const paths = found.map(({ path }) => path)
    const claim = claimOn(
      { file: declaration.manifest, line: declaration.line, says: [] },
      {
        rule: 'deps.lockfiles-mixed',
        severity: 'medium',
        title: `Lockfiles of ${[...managers].join(' and ')} lie side by side`,
        evidence: paths.join(', '),
        why: 'Each manager follows its own file: people and CI get different versions, and one of the files goes stale unnoticed.',
        fix: 'Keep the lockfile of the manager that the project uses, and delete the others.',
        command: `ls ${paths.map(shellPath).join(' ')}`,
      },
      paths.filter((path) => !path.endsWith('.lockb')).map((file) => ({ file, line: 1, says: [] })),
    )
    return [{ ...claim, finding: { ...claim.finding, line: null } }]
  })
}
