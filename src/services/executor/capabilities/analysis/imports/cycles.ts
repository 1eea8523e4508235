import type { Finding } from '../../../../../model/report.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { showLines } from '../finding.ts'
import { isRelative } from '../source/specifier.ts'
import { linesOf, readText } from '../text-files.ts'
import { componentsOf, shortestCycle, type Edges } from './components.ts'
import { edgesOf, importBetween, isAtLoad, isEager } from './edges.ts'
import type { ImportGraph, ModuleImport } from './import-graph.ts'

/** Modules that import each other, directly or through others. */
export interface Cycles {
  /** By imports that are there at run time, wherever they stand. Each component sorted, in the order of their first members. */
  readonly atLoad: readonly string[][]
  /** Only by way of imports that the compiler drops. */
  readonly byTypes: readonly string[][]
}

/** Edges shown of one cycle; longer ones are told by their length. */
const MAX_SHOWN = 12
/** Members of a knot from which its shortest cycle is looked for. */
const MAX_STARTS = 200

/** The components of modules that import each other, and the findings about them. */
export async function findCycles(graph: ImportGraph, context: ExecutionContext): Promise<Cycles & { readonly findings: Finding[] }> {
  const loaded = edgesOf(graph, isAtLoad)
  const withTypes = edgesOf(graph, isStatic)
  const atLoad = cyclicComponents(loaded)
  const known = new Set(atLoad.map((members) => members.join('\0')))
  const byTypes = cyclicComponents(withTypes).filter((members) => !known.has(members.join('\0')))
  const eager = edgesOf(graph, isEager)
  const together = cyclicComponents(eager)
  // Of a package as it is published there may be nothing but what was built; otherwise that is nobody's work.
  const own = new Set([...graph.modules.values()].flatMap(({ path, isOwn }) => (isOwn ? [path] : [])))
  const isTold = (members: readonly string[]) => own.size === 0 || members.some((member) => own.has(member))
  const findings: Finding[] = []
  const tell = async (components: readonly string[][], kind: Kind) => {
    for (const members of components.filter(isTold)) findings.push(...(await cycleFinding(graph, members, kind, context)))
  }
  await tell(together, { ...LOAD, edges: eager, fits: isEager })
  // What later calls, and then types, add to a knot that is one already is no finding of its own.
  const isKnown = new Set(together.flat())
  await tell(withoutAny(atLoad, isKnown), { ...LAZY, edges: loaded, fits: isAtLoad })
  for (const member of atLoad.flat()) isKnown.add(member)
  await tell(withoutAny(byTypes, isKnown), { ...TYPES, edges: withTypes, fits: isStatic })
  return { atLoad, byTypes, findings }
}

interface Kind {
  readonly rule: string
  readonly severity: Finding['severity']
  readonly title: string
  readonly why: string
  readonly fix: string
  readonly edges: Edges
  readonly fits: (found: ModuleImport) => boolean
}

const LOAD = {
  rule: 'imports.cycle',
  severity: 'medium',
  title: 'Import cycle',
  why: 'Whichever of them is loaded first sees the others half-made, and none can be understood, tested or moved alone.',
  fix: 'Move what they share to a module that imports neither, or hand it over as a parameter.',
} as const
const LAZY = {
  rule: 'imports.lazy-cycle',
  severity: 'info',
  title: 'Cycle through calls of require',
  why: 'Some of them are loaded only when a function runs, so loading works; but none of the modules can be understood or moved alone.',
  fix: LOAD.fix,
} as const
const TYPES = {
  rule: 'imports.type-cycle',
  severity: 'info',
  title: 'Cycle of type imports',
  why: 'The compiler drops these imports, so nothing breaks; but none of the modules can be understood or moved alone.',
  fix: 'Move the shared types to a module of their own.',
} as const

function withoutAny(components: readonly string[][], known: ReadonlySet<string>): string[][] {
  return components.filter((members) => !members.some((member) => known.has(member)))
}

function isStatic({ how, isAssumed }: ModuleImport): boolean {
  return how !== 'dynamic' && !isAssumed
}

function cyclicComponents(edges: Edges): string[][] {
  return componentsOf(edges)
    .filter(([first = '', ...others]) => others.length > 0 || edges.get(first)?.includes(first))
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
}

async function cycleFinding(graph: ImportGraph, members: readonly string[], kind: Kind, context: ExecutionContext): Promise<Finding[]> {
  const cycle = shortestOf(members, kind.edges)
  const [first] = cycle ?? []
  if (cycle === null || first === undefined) return []
  const steps = cycle.flatMap((from, at) => {
    const found = importBetween(graph, from, cycle[at + 1] ?? first, kind.fits)
    return found === undefined ? [] : [{ from, found }]
  })
  const looks = await Promise.all(steps.map(({ from, found }) => isStillThere(from, found, context)))
  if (!looks.every(Boolean)) return []
  const isTest = members.every((member) => graph.modules.get(member)?.isTest)
  const shown = steps.slice(0, MAX_SHOWN)
  const more = steps.length > shown.length ? ` → … (${steps.length} imports)` : ''
  return [
    {
      rule: kind.rule,
      severity: isTest ? 'info' : kind.severity,
      // A relative import can be followed by hand; where an alias leads is the word of the resolver alone.
      confidence: steps.every(({ found }) => isRelative(found.specifier)) ? 'verified' : 'heuristic',
      title: titleOf(kind.title, cycle.length, members.length),
      file: first,
      line: steps[0]?.found.line ?? null,
      evidence: `${shown.map(({ from, found }) => `${from}:${found.line}`).join(' → ')}${more} → ${first}`,
      why: kind.why,
      fix: kind.fix,
      command: shown.map(({ from, found }) => showLines(from, found.line, found.endLine)).join(' && '),
    },
  ]
}

function shortestOf(members: readonly string[], edges: Edges): string[] | null {
  const inside = new Set(members)
  let best: string[] | null = null
  for (const member of members.slice(0, MAX_STARTS)) {
    const cycle = shortestCycle(edges, member, inside)
    if (cycle !== null && cycle.length < (best?.length ?? Number.POSITIVE_INFINITY)) best = cycle
  }
  return best
}

function titleOf(kind: string, length: number, members: number): string {
  if (length === 1) return `${kind}: a module imports itself`
  return members > length ? `${kind} of ${length} modules, in a knot of ${members}` : `${kind} of ${length} modules`
}

/** The second look: the line, read again, names what the parser says it imports. */
async function isStillThere(path: string, { specifier, endLine }: ModuleImport, context: ExecutionContext): Promise<boolean> {
  const text = await readText(context, path)
  const found = text === null ? undefined : linesOf(text)[endLine - 1]
  return found !== undefined && [`'${specifier}'`, `"${specifier}"`, `\`${specifier}\``].some((quoted) => found.includes(quoted))
}
