import { byText, named } from '../finding.ts'
import { type Claim, claimAt } from './claims.ts'
import type { Declaration, Manifest } from './manifests.ts'
import { type Dependencies, lockFor } from './project.ts'
import { groupedBy } from '../groups.ts'
import { isAny, type Semver, type Spec, specOf } from './specs.ts'
import { rootOf } from './workspaces.ts'

const MAX_PAIRS_OF = 20

/** What the manifests themselves show: no lockfile, registry or source is needed. */
export function declarationChecks(project: Dependencies): Claim[] {
  return [
    ...project.manifests.flatMap((manifest) => [
      ...twice(manifest),
      ...manifest.declarations.flatMap((declaration) => ofDeclaration(manifest, declaration, project)),
    ]),
    ...differing(project),
  ]
}

/** In `dependencies` and `devDependencies` at once; a peer that is also a development dependency is good practice. */
function twice({ declarations }: Manifest): Claim[] {
  const first = new Map(declarations.filter(({ field }) => field === 'dependencies').map((declaration) => [declaration.name, declaration]))
  return declarations.flatMap((declaration): Claim[] => {
    const other = first.get(declaration.name)
    if (declaration.field !== 'devDependencies' || other === undefined) return []
    return [
      claimAt(
        declaration,
        {
          rule: 'deps.duplicate',
          severity: 'low',
          title: `${declaration.name} is in dependencies and in devDependencies`,
          evidence: `dependencies: ${other.range} (line ${other.line}); devDependencies: ${declaration.range} (line ${declaration.line})`,
          why: 'An installation uses one of the two lines and ignores the other.',
          fix: 'Delete the line in devDependencies if production code needs the package, otherwise the other one.',
        },
        [{ file: other.manifest, line: other.line, says: [JSON.stringify(other.name)] }],
      ),
    ]
  })
}

function ofDeclaration(manifest: Manifest, declaration: Declaration, { semver, own }: Dependencies): Claim[] {
  // What a package of the same repository is asked for is decided by linking.
  if (own.has(declaration.name)) return []
  const spec = specOf(declaration.range, semver)
  const evidence = `${JSON.stringify(declaration.name)}: ${JSON.stringify(declaration.range)} in ${declaration.field}`
  const said = addressOf(manifest, declaration, spec) ?? anyVersion(manifest, declaration, spec)
  return said === null ? [] : [claimAt(declaration, { ...said, evidence })]
}

type Words = Omit<Parameters<typeof claimAt>[1], 'evidence'>

function addressOf({ isPublic }: Manifest, { name, field }: Declaration, spec: Spec): Words | null {
  const rule = 'deps.not-from-registry'
  if (spec.kind === 'git') {
    return {
      rule,
      severity: spec.isPinned && spec.isEncrypted ? 'info' : 'medium',
      title: `${name} comes from a git repository${spec.isPinned ? '' : ', from no fixed commit'}`,
      why: spec.isPinned
        ? 'Nobody is told of new versions or of known vulnerabilities by their numbers, and installing needs git and that server.'
        : 'What a branch or tag names can change, and without a lockfile two installations may get different code.',
      fix: spec.isPinned ? 'Use a published version when there is one.' : 'Use a published version, or name the full commit after `#`.',
    }
  }
  if (spec.kind === 'http') {
    return {
      rule,
      severity: spec.isEncrypted ? 'low' : 'medium',
      title: `${name} comes from a web address${spec.isEncrypted ? '' : ' without encryption'}`,
      why: spec.isEncrypted ? 'What the address delivers can change or go away.' : 'Anyone on the way can change what is installed.',
      fix: 'Use a published version.',
    }
  }
  if (spec.kind !== 'file' || !isPublic || (field !== 'dependencies' && field !== 'optionalDependencies')) return null
  return {
    rule,
    severity: 'medium',
    title: `${name} comes from a folder or file, which whoever installs the package may not have`,
    why: 'A path means something only where this repository lies, unless the file is part of the published package.',
    fix: 'Publish it and name a version, or bundle it.',
  }
}

function anyVersion({ isPublic }: Manifest, { name, field, range }: Declaration, spec: Spec): Words | null {
  if (field === 'peerDependencies') return null
  const isWild = spec.kind === 'range' && isAny(spec.range)
  if (!isWild && spec.kind !== 'tag') return null
  return {
    rule: 'deps.any-version',
    severity: isPublic && field === 'dependencies' ? 'medium' : 'low',
    title: `${name} may be ${isWild ? 'any version' : `whatever the registry calls ${JSON.stringify(range)}`}`,
    why: 'Without a lockfile, the next major version is installed the day it comes out; whoever installs the package has no lockfile of it.',
    fix: 'Name the range that was tested, such as `^1.2.3`.',
  }
}

/** One package, asked for with different ranges by the packages of one repository. */
function differing(project: Dependencies): Claim[] {
  const wanted = project.manifests.flatMap((manifest) =>
    manifest.declarations
      .filter(({ field }) => field !== 'peerDependencies')
      .map((declaration) => ({ ...declaration, group: groupOf(manifest, project) })),
  )
  const groups = groupedBy(
    wanted.filter(({ name, range }) => !project.own.has(name) && specOf(range, project.semver).kind === 'range'),
    ({ group, name }) => `${group}\0${name}`,
  )
  return [...groups.values()].flatMap((group) => differ(group, project.semver))
}

/** Packages belong together that share a lockfile, or a root that lists them. */
function groupOf(manifest: Manifest, project: Dependencies): string {
  return lockFor(manifest, project)?.path ?? rootOf(manifest, project.manifests, project.files)
}

function differ(group: readonly Declaration[], semver: Semver): Claim[] {
  const byRange = groupedBy(group, ({ range }) => range)
  const places = new Set(group.map(({ manifest }) => manifest))
  const [first] = [...group].sort((a, b) => byText(a.manifest, b.manifest) || a.line - b.line)
  if (byRange.size < 2 || places.size < 2 || first === undefined) return []
  const ranges = [...byRange.keys()].sort(byText)
  const apart = neverMeet(ranges.slice(0, MAX_PAIRS_OF), semver)
  const shown = [...byRange]
    .sort(([a], [b]) => byText(a, b))
    .map(([range, found]) => `${range} in ${named([...new Set(found.map(({ manifest }) => manifest))], 2)}`)
  return [
    claimAt(
      first,
      {
        rule: 'deps.ranges-differ',
        severity: apart === null ? 'info' : 'low',
        title: `${first.name} is asked for with ${byRange.size} different ranges${apart === null ? '' : `; no version is in both ${apart[0]} and ${apart[1]}`}`,
        evidence: shown.join('; '),
        why:
          apart === null
            ? 'The packages of one repository may end up with different versions.'
            : 'Two versions are installed side by side; objects and types of one are foreign to the other.',
        fix: 'Use one range everywhere, or say beside it why not.',
      },
      group.map(({ manifest: file, line, name }) => ({ file, line, says: [JSON.stringify(name)] })),
    ),
  ]
}

function neverMeet(ranges: readonly string[], semver: Semver): readonly [string, string] | null {
  for (const [index, a] of ranges.entries()) {
    const b = ranges.slice(index + 1).find((other) => !semver.intersects(rangeOf(a), rangeOf(other), { loose: true }))
    if (b !== undefined) return [a, b]
  }
  return null
}

function rangeOf(text: string): string {
  return text.startsWith('npm:') ? text.slice(text.lastIndexOf('@') + 1) : text
}
