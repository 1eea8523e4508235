import type { Finding } from '../../../../../model/report.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { showLines } from '../finding.ts'
import { isRelative } from '../source/specifier.ts'
import { linesOf, readText } from '../text-files.ts'
import { componentsOf, shortestCycle, type Edges } from './components.ts'
import { edgesOf, importBetween, isAtLoad } from './edges.ts'
import type { ImportGraph, ModuleImport } from './import-graph.ts'

/** Modules that import each other, directly or through others. */
export interface Cycles {
  /** When they are loaded. Each component sorted, in the order of their first members. */
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
  const atLoad = cyclicComponents(loaded, graph)
  const known = new Set(atLoad.map((members) => members.join('\0')))
  const byTypes = cyclicComponents(withTypes, graph).filter((members) => !known.has(members.join('\0')))
  const findings: Finding[] = []
  for (const members of atLoad) findings.push(...(await cycleFinding(graph, loaded, members, isAtLoad, context)))
  // What types add to a knot that is one already is no finding of its own.
  const isKnown = new Set(atLoad.flat())
  for (const members of byTypes.filter((each) => !each.some((member) => isKnown.has(member))))
    findings.push(...(await cycleFinding(graph, withTypes, members, isStatic, context)))
  return { atLoad, byTypes, findings }
}

function isStatic({ how, isAssumed }: ModuleImport): boolean {
  return how !== 'dynamic' && !isAssumed
}

function cyclicComponents(edges: Edges, graph: ImportGraph): string[][] {
  return componentsOf(edges)
    .filter(([first = '', ...others]) => others.length > 0 || edges.get(first)?.includes(first))
    .filter((members) => members.some((member) => graph.modules.get(member)?.isOwn))
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
}

async function cycleFinding(
  graph: ImportGraph,
  edges: Edges,
  members: readonly string[],
  fits: (found: ModuleImport) => boolean,
  context: ExecutionContext,
): Promise<Finding[]> {
  const cycle = shortestOf(members, edges)
  const [first] = cycle ?? []
  if (cycle === null || first === undefined) return []
  const steps = cycle.flatMap((from, at) => {
    const found = importBetween(graph, from, cycle[at + 1] ?? first, fits)
    return found === undefined ? [] : [{ from, found }]
  })
  const looks = await Promise.all(steps.map(({ from, found }) => isStillThere(from, found, context)))
  if (!looks.every(Boolean)) return []
  const isAtLoadTime = steps.every(({ found }) => isAtLoad(found))
  const isTest = members.every((member) => graph.modules.get(member)?.isTest)
  const shown = steps.slice(0, MAX_SHOWN)
  const more = steps.length > shown.length ? ` → … (${steps.length} imports)` : ''
  return [
    {
      rule: isAtLoadTime ? 'imports.cycle' : 'imports.type-cycle',
      severity: !isAtLoadTime || isTest ? 'info' : 'medium',
      // A relative import can be followed by hand; where an alias leads is the word of the resolver alone.
      confidence: steps.every(({ found }) => isRelative(found.specifier)) ? 'verified' : 'heuristic',
      title: titleOf(cycle.length, members.length, isAtLoadTime),
      file: first,
      line: steps[0]?.found.line ?? null,
      evidence: `${shown.map(({ from, found }) => `${from}:${found.line}`).join(' → ')}${more} → ${first}`,
      why: isAtLoadTime
        ? 'Whichever of them is loaded first sees the others half-made, and none can be understood, tested or moved alone.'
        : 'The compiler drops these imports, so nothing breaks; but none of the modules can be understood or moved alone.',
      fix: isAtLoadTime
        ? 'Move what they share to a module that imports neither, or hand it over as a parameter.'
        : 'Move the shared types to a module of their own.',
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

function titleOf(length: number, members: number, isAtLoadTime: boolean): string {
  const kind = isAtLoadTime ? 'Import cycle' : 'Cycle of type imports'
  if (length === 1) return `${kind}: a module imports itself`
  return members > length ? `${kind} of ${length} modules, in a knot of ${members}` : `${kind} of ${length} modules`
}

/** The second look: the line, read again, names what the parser says it imports. */
async function isStillThere(path: string, { specifier, endLine }: ModuleImport, context: ExecutionContext): Promise<boolean> {
  const text = await readText(context, path)
  const found = text === null ? undefined : linesOf(text)[endLine - 1]
  return found !== undefined && [`'${specifier}'`, `"${specifier}"`, `\`${specifier}\``].some((quoted) => found.includes(quoted))
}
