import { below } from '../finding.ts'
import { objectAt, parseJson, textAt } from '../json-text.ts'
import { type Member, memberKey, membersOf } from './json-lines.ts'
import type { Lock, LockedPackage, Pinned, ReadLock } from './lock.ts'
import { type Declaration, FIELDS, folderOf, namesInSelector, upwards } from './manifests.ts'

type Entry = Readonly<Record<string, unknown>>
const MODULES = 'node_modules/'

/** Reads package-lock.json or npm-shrinkwrap.json, versions 1 to 3. */
export function readNpmLock(path: string, text: string): ReadLock {
  const parsed = parseJson(text)
  if (!parsed.ok) return { ok: false, problem: 'it cannot be parsed' }
  const members = membersOf(text, 4)
  if (Object.hasOwn(parsed.value, 'packages')) return { ok: true, lock: withPackages(path, parsed.value, members) }
  if (parsed.value['lockfileVersion'] === 1 || Object.hasOwn(parsed.value, 'dependencies'))
    return { ok: true, lock: versionOne(path, parsed.value, members) }
  return { ok: false, problem: 'it is of no known version' }
}

function withPackages(path: string, value: Entry, members: ReadonlyMap<string, Member>): Lock {
  const entries = objectAt(value, 'packages')
  const folder = folderOf(path)
  const find = (from: string, name: string) => lookUp(entries, from, name)
  const packages = new Map<string, LockedPackage>()
  for (const id of Object.keys(entries)) {
    const entry = objectAt(entries, id)
    if (id.includes(MODULES) && entry['link'] !== true) packages.set(id, packageOf(id, entry, folder, find, members))
  }
  return {
    path,
    folder,
    manager: 'npm',
    format: `npm lockfile version ${shownVersion(value)}`,
    tells: { members: true, engines: true, licences: [...packages.values()].some(({ licence }) => licence !== null), deprecated: true },
    packages,
    overridden: new Set(),
    covers: (manifestFolder) => keyOf(folder, manifestFolder, entries) !== null,
    pinned(manifestFolder, declaration) {
      const key = keyOf(folder, manifestFolder, entries)
      if (key === null) return 'unknown'
      const id = find(key, declaration.name)
      if (id === null) return null
      return pinnedIn(objectAt(entries, key), declaration, id, entries, members)
    },
  }
}

/** The entry of a manifest's folder, or null when this lockfile knows nothing of it. */
function keyOf(lockFolder: string, manifestFolder: string, entries: Entry): string | null {
  if (lockFolder !== '' && manifestFolder !== lockFolder && !manifestFolder.startsWith(`${lockFolder}/`)) return null
  const key = lockFolder === '' ? manifestFolder : manifestFolder.slice(lockFolder.length + 1)
  return Object.hasOwn(entries, key) ? key : null
}

function pinnedIn(owner: Entry, declaration: Declaration, id: string, entries: Entry, members: ReadonlyMap<string, Member>): Pinned {
  const entry = objectAt(entries, id)
  const isLink = entry['link'] === true
  const target = isLink ? objectAt(entries, textAt(entry, 'resolved') ?? '') : entry
  return {
    declared: declaredIn(owner, declaration),
    version: textAt(target, 'version'),
    id: isLink ? null : id,
    line: members.get(memberKey('packages', id))?.line ?? null,
  }
}

/** What the lockfile was written for, in whichever field; the same range where it is one of several. */
function declaredIn(owner: Entry, { name, range }: Declaration): string | null {
  const declared = FIELDS.flatMap((field) => textAt(objectAt(owner, field), name)?.trim() ?? [])
  return declared.find((known) => known === range) ?? declared[0] ?? null
}

/** Node's way: the node_modules of the folder itself, then of each above it. */
function lookUp(entries: Entry, from: string, name: string): string | null {
  for (const folder of upwards(from)) {
    if (folder === 'node_modules' || folder.endsWith('/node_modules')) continue
    const id = below(folder, `${MODULES}${name}`)
    if (Object.hasOwn(entries, id)) return id
  }
  return null
}

function packageOf(
  id: string,
  entry: Entry,
  folder: string,
  find: (from: string, name: string) => string | null,
  members: ReadonlyMap<string, Member>,
): LockedPackage {
  const name = id.slice(id.lastIndexOf(MODULES) + MODULES.length)
  const bin = Object.hasOwn(entry, 'bin') ? entry['bin'] : {}
  const meta = objectAt(entry, 'peerDependenciesMeta')
  // What the parser and the scanner do not both read is not told.
  const agreed = (value: string | null, ...keys: string[]) => (members.get(memberKey('packages', id, ...keys))?.text === value ? value : null)
  return {
    id,
    name: textAt(entry, 'name') ?? name,
    version: agreed(textAt(entry, 'version'), 'version'),
    node: agreed(textAt(objectAt(entry, 'engines'), 'node'), 'engines', 'node'),
    licence: agreed(textAt(entry, 'license'), 'license'),
    deprecated: agreed(textAt(entry, 'deprecated'), 'deprecated') || null,
    commands: typeof bin === 'string' ? [name.slice(name.lastIndexOf('/') + 1)] : Object.keys(objectAt(entry, 'bin')),
    peers: Object.keys(objectAt(entry, 'peerDependencies')).filter((peer) => objectAt(meta, peer)['optional'] !== true),
    needs: Object.keys(objectAt(entry, 'dependencies')).flatMap((needed) => find(id, needed) ?? []),
    installedAt: below(folder, id),
    line: members.get(memberKey('packages', id))?.line ?? null,
  }
}

function versionOne(path: string, value: Entry, members: ReadonlyMap<string, Member>): Lock {
  const entries = objectAt(value, 'dependencies')
  const folder = folderOf(path)
  return {
    path,
    folder,
    manager: 'npm',
    format: `npm lockfile version ${shownVersion(value)}`,
    tells: { members: true, engines: false, licences: false, deprecated: false },
    packages: new Map(),
    overridden: new Set(),
    covers: (manifestFolder) => manifestFolder === folder,
    pinned(_, { name }) {
      if (!Object.hasOwn(entries, name)) return null
      const version = textAt(objectAt(entries, name), 'version') ?? ''
      return {
        declared: null,
        version: version.startsWith('npm:') ? version.slice(version.lastIndexOf('@') + 1) : version,
        id: namesInSelector(name)[0] ?? name,
        line: members.get(memberKey('dependencies', name))?.line ?? null,
      }
    },
  }
}

function shownVersion(value: Entry): string {
  return typeof value['lockfileVersion'] === 'number' ? String(value['lockfileVersion']) : 'unknown'
}
