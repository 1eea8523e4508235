import type { ExecutionContext } from '../../../executor.ts'
import { isFixture, isTest, leftOutByPath } from '../file-kind.ts'
import { objectAt, parseJson, textAt } from '../json-text.ts'
import { readText } from '../text-files.ts'
import { type Member, memberKey, membersOf } from './json-lines.ts'

export const FIELDS = ['dependencies', 'optionalDependencies', 'devDependencies', 'peerDependencies'] as const
export type Field = (typeof FIELDS)[number]

/** One line of a package.json that asks for a package. */
export interface Declaration {
  readonly manifest: string
  readonly name: string
  readonly field: Field
  /** As written, without spaces around it. */
  readonly range: string
  readonly line: number
}

/** One package.json that people wrote. */
export interface Manifest {
  readonly path: string
  /** Of the manifest, relative to the workspace; empty for the workspace itself. */
  readonly folder: string
  readonly name: string | null
  /** With a name and a version, and not private: it can be published. */
  readonly isPublic: boolean
  readonly licence: string | null
  /** `engines.node`. */
  readonly node: string | null
  readonly declarations: readonly Declaration[]
  /** In which fields each name is declared. */
  readonly fieldsOf: ReadonlyMap<string, readonly Field[]>
  /** Names whose version is decided by `overrides` or `resolutions`, wherever they are asked for. */
  readonly overridden: ReadonlySet<string>
  readonly value: Readonly<Record<string, unknown>>
}

const MAX_MANIFESTS = 2_000

/** Every package.json among `files` that is neither vendored, generated, nor material of tests, in path order. */
export async function readManifests(files: readonly string[], context: ExecutionContext): Promise<{ manifests: Manifest[]; notExamined: string[] }> {
  const paths = files.filter((path) => isManifest(path) && leftOutByPath(path) === null && !isFixture(path) && !isTest(path))
  const manifests: Manifest[] = []
  const unread: string[] = []
  for (const path of paths.slice(0, MAX_MANIFESTS)) {
    const text = await readText(context, path)
    const parsed = text === null ? null : parseJson(text)
    if (text === null || parsed?.ok !== true) unread.push(path)
    else manifests.push(manifestOf(path, parsed.value, text))
    context.heartbeat()
  }
  const notExamined = unread.map((path) => `dependencies of ${path}: it cannot be read or parsed`)
  if (paths.length > MAX_MANIFESTS)
    notExamined.push(`dependencies of ${paths.length - MAX_MANIFESTS} package.json files after the first ${MAX_MANIFESTS}`)
  return { manifests, notExamined }
}

/** Reads one manifest; the line of each dependency comes from the text, and must say the same as the parsed value. */
export function manifestOf(path: string, value: Readonly<Record<string, unknown>>, text: string): Manifest {
  const members = membersOf(text, 2)
  const name = textAt(value, 'name')
  const declarations = FIELDS.flatMap((field) => declarationsIn(path, value, field, members))
  return {
    path,
    folder: folderOf(path),
    name,
    isPublic: name !== null && textAt(value, 'version') !== null && value['private'] !== true,
    licence: textAt(value, 'license'),
    node: textAt(objectAt(value, 'engines'), 'node'),
    declarations,
    fieldsOf: fieldsByName(declarations, Object.keys(objectAt(value, 'peerDependenciesMeta') ?? {})),
    overridden: overriddenIn(value),
    value,
  }
}

/** The folder that a path is in; empty at the top. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}

/** A folder and those above it, the nearest first; the last is empty, the workspace itself. */
export function upwards(folder: string): string[] {
  const parts = folder === '' ? [] : folder.split('/')
  return [...parts.map((_, index) => parts.slice(0, parts.length - index).join('/')), '']
}

function isManifest(path: string): boolean {
  return path === 'package.json' || path.endsWith('/package.json')
}

function declarationsIn(
  manifest: string,
  value: Readonly<Record<string, unknown>>,
  field: Field,
  members: ReadonlyMap<string, Member>,
): Declaration[] {
  const group = objectAt(value, field)
  return Object.keys(group).flatMap((name): Declaration[] => {
    const range = textAt(group, name)
    const member = members.get(memberKey(field, name))
    if (range === null || member === undefined || member.text !== range) return []
    return [{ manifest, name, field, range: range.trim(), line: member.line }]
  })
}

/** With peers that are told to be optional and nothing else. */
function fieldsByName(declarations: readonly Declaration[], optionalPeers: readonly string[]): Map<string, Field[]> {
  const fields = new Map<string, Field[]>(optionalPeers.map((name) => [name, ['peerDependencies']]))
  for (const { name, field } of declarations) fields.set(name, [...(fields.get(name) ?? []), field])
  return fields
}

function overriddenIn(value: Readonly<Record<string, unknown>>): Set<string> {
  const names = new Set<string>()
  const pending = [objectAt(value, 'overrides'), objectAt(value, 'resolutions'), objectAt(objectAt(value, 'pnpm'), 'overrides')]
  for (let group = pending.pop(); group !== undefined; group = pending.pop()) {
    for (const key of Object.keys(group)) {
      for (const name of namesInSelector(key)) names.add(name)
      pending.push(objectAt(group, key))
    }
  }
  return names
}

/** `a`, `a@1`, `a>b`, `**\/a`, `@scope/a@npm:1`: the packages that a selector speaks of. */
export function namesInSelector(selector: string): string[] {
  return [...selector.slice(0, 1_000).matchAll(/(?:^|[\s>/*])(@[\w.~-]+\/[\w.~-]+|[\w.~-]+)/g)].map((match) => match[1] ?? '')
}
