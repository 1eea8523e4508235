import { objectAt, textAt } from '../json-text.ts'
import type { Lock, LockedPackage, Pinned, ReadLock } from './lock.ts'
import { type Declaration, folderOf, namesInSelector } from './manifests.ts'

type Entry = Readonly<Record<string, unknown>>

/** Reads pnpm-lock.yaml, versions 5 to 9. */
export async function readPnpmLock(path: string, text: string): Promise<ReadLock> {
  const { parseAllDocuments } = await import('yaml')
  let value: unknown
  try {
    // Looking for keys that are there twice takes quadratic time; `failsafe` keeps `1.0` a text; pnpm writes no aliases.
    const documents = parseAllDocuments(text, { uniqueKeys: false, schema: 'failsafe', logLevel: 'silent' })
    if (!Array.isArray(documents) || documents.length !== 1) return { ok: false, problem: 'it is not one YAML document' }
    const document = documents[0]
    if (document === undefined || document.errors.length > 0) return { ok: false, problem: 'it cannot be parsed' }
    value = document.toJS({ maxAliasCount: 0 })
  } catch {
    return { ok: false, problem: 'it cannot be parsed' }
  }
  if (!isEntry(value) || textAt(value, 'lockfileVersion') === null) return { ok: false, problem: 'it is of no known version' }
  return { ok: true, lock: lockOf(path, value) }
}

function lockOf(path: string, value: Entry): Lock {
  const folder = folderOf(path)
  const importers: Entry = Object.hasOwn(value, 'importers') ? objectAt(value, 'importers') : { '.': value }
  const hasNoLinks = textAt(objectAt(value, 'settings'), 'excludeLinksFromLockfile') === 'true'
  const packages = packagesOf(value)
  return {
    path,
    folder,
    manager: 'pnpm',
    format: `pnpm lockfile version ${textAt(value, 'lockfileVersion')}`,
    tells: { members: true, engines: packages.size > 0, licences: false, deprecated: packages.size > 0 },
    packages,
    overridden: new Set(Object.keys(objectAt(value, 'overrides')).flatMap(namesInSelector)),
    covers: (manifestFolder) => importerOf(importers, folder, manifestFolder) !== null,
    pinned(manifestFolder, declaration) {
      const importer = importerOf(importers, folder, manifestFolder)
      if (importer === null || (hasNoLinks && /^(?:workspace|link|file):/.test(declaration.range))) return 'unknown'
      return pinnedIn(importer, declaration, packages)
    },
  }
}

function importerOf(importers: Entry, lockFolder: string, manifestFolder: string): Entry | null {
  if (manifestFolder === lockFolder) return Object.hasOwn(importers, '.') ? objectAt(importers, '.') : null
  if (lockFolder !== '' && !manifestFolder.startsWith(`${lockFolder}/`)) return null
  const key = lockFolder === '' ? manifestFolder : manifestFolder.slice(lockFolder.length + 1)
  return Object.hasOwn(importers, key) ? objectAt(importers, key) : null
}

function pinnedIn(importer: Entry, { name }: Declaration, packages: ReadonlyMap<string, LockedPackage>): Pinned | null {
  for (const field of ['dependencies', 'devDependencies', 'optionalDependencies']) {
    const group = objectAt(importer, field)
    if (!Object.hasOwn(group, name)) continue
    const inline = objectAt(group, name)
    const resolved = textAt(group, name) ?? textAt(inline, 'version') ?? ''
    const declared = textAt(inline, 'specifier') ?? textAt(objectAt(importer, 'specifiers'), name)
    return { declared: declared?.trim() ?? null, version: versionIn(resolved), id: idOf(name, resolved, packages), line: null }
  }
  return null
}

/** The version in `1.2.3`, `1.2.3(peer@1)`, `1.2.3_peer@1`, `/name@1.2.3`, `name@1.2.3`; null for links and addresses. */
export function versionIn(resolved: string): string | null {
  const bare = withoutPeers(resolved)
  const alone = /^(\d+\.\d+\.\d+(?:-[\w.-]+?)?(?:\+[\w.-]+?)?)(?:_.*)?$/
  const named = /^(?:\/?@[^/@]+\/|\/)?[^/@:]+[@/](.*)$/.exec(bare)?.[1]
  return alone.exec(bare)?.[1] ?? alone.exec(named ?? '')?.[1] ?? null
}

function withoutPeers(resolved: string): string {
  const open = resolved.indexOf('(')
  return open === -1 ? resolved : resolved.slice(0, open)
}

function idOf(name: string, resolved: string, packages: ReadonlyMap<string, LockedPackage>): string | null {
  if (resolved.startsWith('link:')) return null
  const candidates = [resolved, `${name}@${resolved}`, `/${name}@${resolved}`, `/${name}/${resolved}`]
  const known = candidates.find((id) => packages.has(id)) ?? candidates.map(withoutPeers).find((id) => packages.has(id))
  return known ?? `${name}@${resolved}`
}

function packagesOf(value: Entry): Map<string, LockedPackage> {
  const facts = objectAt(value, 'packages')
  const snapshots = Object.hasOwn(value, 'snapshots') ? objectAt(value, 'snapshots') : facts
  const known = new Map<string, LockedPackage>()
  for (const id of Object.keys(snapshots)) {
    const entry = { ...objectAt(facts, withoutPeers(id)), ...objectAt(facts, id) }
    const meta = objectAt(entry, 'peerDependenciesMeta')
    known.set(id, {
      id,
      name: nameIn(id),
      version: textAt(entry, 'version') ?? versionIn(id),
      node: textAt(objectAt(entry, 'engines'), 'node'),
      licence: null,
      deprecated: textAt(entry, 'deprecated') || null,
      commands: textAt(entry, 'hasBin') === 'true' ? null : [],
      peers: Object.keys(objectAt(entry, 'peerDependencies')).filter((peer) => textAt(objectAt(meta, peer), 'optional') !== 'true'),
      needs: [],
      installedAt: null,
      line: null,
    })
  }
  for (const [id, locked] of known) {
    const needed = objectAt(objectAt(snapshots, id), 'dependencies')
    const needs = Object.keys(needed).flatMap((name) => idOf(name, textAt(needed, name) ?? '', known) ?? [])
    known.set(id, { ...locked, needs: needs.filter((need) => known.has(need)) })
  }
  return known
}

function nameIn(id: string): string {
  const bare = withoutPeers(id).replace(/^\//, '')
  const scope = bare.startsWith('@') ? bare.indexOf('/') + 1 : 0
  const end = bare.slice(scope).search(/[@/]/)
  return end === -1 ? bare : bare.slice(0, scope + end)
}

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
