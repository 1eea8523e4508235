import { posix } from 'node:path'
import type { Figure } from '../../../../../model/report.ts'
import { byText } from '../finding.ts'
import { groupedBy } from '../groups.ts'
import { edgesOf, isAtLoad } from './edges.ts'
import type { ImportGraph, Module } from './import-graph.ts'

/** More boxes than that nobody can take in. */
const MAX_NODES = 40

/** The modules, or the folders when there are too many, and which of them load which. Null when there is nothing to draw. */
export function importFigure(graph: ImportGraph, cycles: readonly (readonly string[])[]): Figure | null {
  const own = [...graph.modules.values()].filter(({ isOwn, isTest }) => isOwn && !isTest)
  if (own.length < 2) return null
  const depth =
    [Number.POSITIVE_INFINITY, 6, 5, 4, 3, 2, 1].find((each) => new Set(own.map(({ path }) => groupOf(path, each))).size <= MAX_NODES) ?? 1
  const groups = grouped(own, depth)
  const kept = new Set(
    [...groups]
      .sort(([a, one], [b, other]) => other.length - one.length || byText(a, b))
      .slice(0, MAX_NODES)
      .map(([id]) => id),
  )
  const inCycle = new Map(cycles.flatMap((members, at) => members.map((member) => [member, at])))
  const isModules = depth === Number.POSITIVE_INFINITY
  return {
    name: 'import-graph',
    kind: 'graph',
    title: isModules ? 'Which module imports which' : 'Which folder imports which',
    note: noteOf(own.length, groups.size, kept.size, isModules),
    nodes: [...groups]
      .filter(([id]) => kept.has(id))
      .map(([id, members]) => ({
        id,
        label: isModules ? posix.basename(id) : `${id} (${members.length})`,
        weight: members.reduce((sum, { lines }) => sum + lines, 0),
        marked: members.some(({ path }) => inCycle.has(path)),
      })),
    edges: edgesBetween(graph, own, depth, kept, inCycle),
  }
}

function noteOf(modules: number, groups: number, kept: number, isModules: boolean): string {
  const left = groups > kept ? `; the ${groups - kept} smallest folders are left out` : ''
  return `${modules} modules, tests left out${isModules ? '' : `, put together by folder${left}`}. Red: import cycles. Imports of types alone are left out.`
}

function grouped(own: readonly Module[], depth: number): Map<string, Module[]> {
  const groups = groupedBy(own, ({ path }) => groupOf(path, depth))
  return new Map([...groups].sort(([a], [b]) => byText(a, b)))
}

function groupOf(path: string, depth: number): string {
  if (depth === Number.POSITIVE_INFINITY) return path
  return posix.dirname(path).split('/').slice(0, depth).join('/')
}

function edgesBetween(graph: ImportGraph, own: readonly Module[], depth: number, kept: ReadonlySet<string>, inCycle: ReadonlyMap<string, number>) {
  const targets = edgesOf(graph, isAtLoad)
  const isDrawn = new Set(own.map(({ path }) => path))
  const edges = new Map<string, { from: string; to: string; weight: number; marked: boolean }>()
  for (const { path } of own) {
    for (const target of targets.get(path) ?? []) {
      const from = groupOf(path, depth)
      const to = groupOf(target, depth)
      if (!isDrawn.has(target) || !kept.has(from) || !kept.has(to) || (from === to && path !== target)) continue
      const marked = inCycle.has(path) && inCycle.get(path) === inCycle.get(target)
      const known = edges.get(`${from}\0${to}`) ?? { from, to, weight: 0, marked: false }
      edges.set(`${from}\0${to}`, { ...known, weight: known.weight + 1, marked: known.marked || marked })
    }
  }
  return [...edges.values()].sort((a, b) => byText(a.from, b.from) || byText(a.to, b.to))
}
