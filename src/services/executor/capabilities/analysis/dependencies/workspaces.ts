import { below } from '../finding.ts'
import type { Manifest } from './manifests.ts'
import { upwards } from './manifests.ts'

/** The folder of the nearest root that takes the manifest for a member of its workspaces; its own where there is none. */
export function rootOf(manifest: Manifest, manifests: readonly Manifest[], files: ReadonlySet<string>): string {
  const root = upwards(manifest.folder).find((folder) => {
    if (files.has(below(folder, 'pnpm-workspace.yaml'))) return true
    const patterns = patternsOf(manifests.find((other) => other.folder === folder))
    const inside = folder === '' ? manifest.folder : manifest.folder.slice(folder.length + 1)
    return patterns.length > 0 && (inside === '' || isMatched(patterns, inside))
  })
  return root ?? manifest.folder
}

/** The `workspaces` of npm and yarn: a list, or an object with one. */
function patternsOf(manifest: Manifest | undefined): string[] {
  const found = manifest !== undefined && Object.hasOwn(manifest.value, 'workspaces') ? manifest.value['workspaces'] : []
  const list: unknown = typeof found === 'object' && found !== null && 'packages' in found ? found.packages : found
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []
}

function isMatched(patterns: readonly string[], folder: string): boolean {
  const segments = folder.split('/')
  const matching = patterns.filter((pattern) => matches(pattern.replace(/^!/, '').replace(/^\.\//, '').replace(/\/$/, '').split('/'), segments))
  return matching.some((pattern) => !pattern.startsWith('!')) && !matching.some((pattern) => pattern.startsWith('!'))
}

/** Step by step from each place reached so far: what a regular expression would do, in time that no pattern can stretch. */
function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  let reached = new Set([0])
  for (const part of pattern) {
    const next = new Set<number>()
    for (const at of reached) {
      if (part === '**') for (let end = at; end <= segments.length; end += 1) next.add(end)
      else if (at < segments.length && matchesName(part, segments[at] ?? '')) next.add(at + 1)
    }
    reached = next
  }
  return reached.has(segments.length)
}

/** `*` for any letters; braces and the like are not read, and match everything. */
function matchesName(pattern: string, name: string): boolean {
  if (/[{}[\]()?+@!]/.test(pattern) && !pattern.startsWith('@')) return true
  const [head = '', ...tail] = pattern.split('*')
  if (tail.length === 0) return pattern === name
  const last = tail.pop() ?? ''
  if (!name.startsWith(head) || name.length < head.length + last.length || !name.endsWith(last)) return false
  let at = head.length
  for (const part of tail) {
    const found = name.slice(0, name.length - last.length).indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return true
}
