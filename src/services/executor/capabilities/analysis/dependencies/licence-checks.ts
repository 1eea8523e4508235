import type { ExecutionContext } from '../../../executor.ts'
import { below, named, shellPath } from '../finding.ts'
import { parseJson, textAt } from '../json-text.ts'
import { readText } from '../text-files.ts'
import { type Claim, claimAt } from './claims.ts'
import { isCopyleft, isPermissive, parseLicence } from './licences.ts'
import type { Lock, LockedPackage } from './lock.ts'
import type { Manifest } from './manifests.ts'
import { type Brought, broughtBy, type Dependencies, entryOf, lockFor, titleOf } from './project.ts'
import { groupedBy } from '../groups.ts'

/** Manifests of installed packages that are read where the lockfile does not tell the licence. */
const MAX_READ = 2_000

interface Stated extends Brought {
  /** Null: the package states none. */
  readonly licence: string | null
}

/** What the packages state that a project brings along in production. Says what is to be checked, never what is allowed. */
export async function licenceChecks(project: Dependencies, context: ExecutionContext): Promise<{ claims: Claim[]; notExamined: string[] }> {
  const claims: Claim[] = []
  const untold = new Set<string>()
  const seen = new Set<string>()
  for (const manifest of project.manifests) {
    const lock = lockFor(manifest, project)
    if (lock === null) continue
    const stated: Stated[] = []
    for (const item of broughtBy(manifest, lock, ['dependencies'])) {
      const key = `${lock.path}\0${item.locked.id}\0${manifest.licence ?? ''}`
      if (seen.has(key)) continue
      seen.add(key)
      const licence = await licenceOf(item.locked, seen.size <= MAX_READ, context)
      if (licence === undefined) untold.add(titleOf(item.locked))
      else stated.push({ ...item, licence })
    }
    claims.push(...ofManifest(manifest, stated, lock))
    context.heartbeat()
  }
  const notExamined =
    untold.size === 0 ? [] : [`the licences of ${untold.size} packages: neither lockfile nor installation tells them (${named([...untold], 5)})`]
  return { claims, notExamined: [...notExamined, ...withoutPackages(project)] }
}

function withoutPackages(project: Dependencies): string[] {
  const formats = new Set(project.locks.locks.filter(({ packages }) => packages.size === 0).map(({ path, format }) => `${path} (${format})`))
  return formats.size === 0 ? [] : [`the licences and deprecations of what ${named([...formats])} pins: that is not told there`]
}

/** From the lockfile, or else from the installed package of this very version; null when it names none, undefined when neither can be asked. */
async function licenceOf(locked: LockedPackage, mayRead: boolean, context: ExecutionContext): Promise<string | null | undefined> {
  if (locked.licence !== null) return locked.licence
  if (locked.installedAt === null || !mayRead) return undefined
  const parsed = parseJson((await readText(context, below(locked.installedAt, 'package.json'))) ?? '')
  if (!parsed.ok || textAt(parsed.value, 'name') !== locked.name || textAt(parsed.value, 'version') !== locked.version) return undefined
  return licenceIn(parsed.value)
}

/** `license`, or the objects and lists that npm knew before; null when there is none of them, undefined when they are not to be read. */
export function licenceIn(manifest: Readonly<Record<string, unknown>>): string | null | undefined {
  const found = Object.hasOwn(manifest, 'license') ? manifest['license'] : Object.hasOwn(manifest, 'licenses') ? manifest['licenses'] : null
  if (found === null || found === '') return null
  const stated = (Array.isArray(found) ? found : [found]).map((item: unknown) => {
    if (typeof item === 'string') return item
    return typeof item === 'object' && item !== null && 'type' in item && typeof item.type === 'string' ? item.type : null
  })
  return stated.length === 0 || stated.includes(null) ? undefined : stated.join(' OR ')
}

function ofManifest(manifest: Manifest, stated: readonly Stated[], lock: Lock): Claim[] {
  const own = manifest.licence === null ? null : parseLicence(manifest.licence)
  const kinds = stated.flatMap((item) => {
    const kind = kindOf(item.licence, own !== null && isPermissive(own))
    return kind === null ? [] : [{ ...item, kind }]
  })
  return [...groupedBy(kinds, ({ kind, by, licence }) => [kind, by.name, kind === 'copyleft' ? licence : ''].join('\0')).values()].flatMap(
    (group) => {
      const [first, ...rest] = group
      return first === undefined ? [] : [claimOf(first.kind, manifest, [first, ...rest], lock)]
    },
  )
}

type Kind = 'copyleft' | 'unclear' | 'missing'

function kindOf(licence: string | null, isOwnPermissive: boolean): Kind | null {
  if (licence === null) return 'missing'
  const parsed = parseLicence(licence)
  if (parsed === null) return 'unclear'
  return isOwnPermissive && isCopyleft(parsed) ? 'copyleft' : null
}

const WORDS = {
  copyleft: {
    severity: 'low',
    what: 'under a copyleft licence',
    why: 'Such a licence can set conditions for passing on a work that has the package in it; whether it does here is for a person to check.',
    fix: 'Read the licence, and keep, replace or make separate what it covers.',
  },
  unclear: {
    severity: 'info',
    what: 'with a licence that is no SPDX expression',
    why: 'Tools cannot tell what is allowed; a person has to look.',
    fix: 'Look for the licence in the package or its repository.',
  },
  missing: {
    severity: 'info',
    what: 'that states no licence',
    why: 'Without a licence it is open what is allowed.',
    fix: 'Look for a licence file in the package or its repository, or ask its authors.',
  },
} as const

function claimOf(kind: Kind, manifest: Manifest, group: readonly [Stated, ...Stated[]], lock: Lock): Claim {
  const [{ by, locked: first }] = group
  const { what, ...words } = WORDS[kind]
  const names = named(
    group.map(({ locked }) => titleOf(locked)),
    3,
  )
  const through = group.every(({ isDirect }) => isDirect) ? '' : ` through ${by.name}`
  const shown = named(
    group.map(({ locked, licence }) => `${titleOf(locked)}: ${licence ?? 'none'}`),
    5,
  )
  return claimAt(
    by,
    {
      ...words,
      rule: `deps.licence-${kind}`,
      title: `Check ${names}${through}: ${what}`,
      evidence: `${shown}; ${manifest.path}: ${manifest.licence ?? 'none'}`,
      ...(lock.manager === 'npm'
        ? {
            command: `node -p "JSON.parse(fs.readFileSync(process.argv[1])).packages[process.argv[2]]" ${shellPath(lock.path)} ${shellPath(first.id)}`,
          }
        : {}),
    },
    group.flatMap(({ locked }) => entryOf(locked, lock)),
  )
}
