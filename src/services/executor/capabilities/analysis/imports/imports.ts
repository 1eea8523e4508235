import * as z from 'zod'
import { Figure, type Finding } from '../../../../../model/report.ts'
import { analysisPath, defineAnalysis } from '../define-analysis.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { analysisOutput, inOrder, named, showLine } from '../finding.ts'
import { longestChain } from './components.ts'
import { findCycles } from './cycles.ts'
import { edgesOf, importBetween, isAtLoad } from './edges.ts'
import { importFigure } from './graph-figure.ts'
import { type ImportGraph, readImportGraph } from './import-graph.ts'
import { findOrphans } from './orphans.ts'
import { findUnresolved } from './unresolved.ts'

/** A chain as long as this says that there are no layers; of five large packages that were measured two have longer ones (38 and 47). */
const DEEP_CHAIN = 30
const MAX_LISTED = 100

const Args = z.strictObject({
  path: analysisPath,
})

const Output = z.strictObject({
  path: z.string(),
  modules: z.number().int(),
  /** How many imports of each kind there are. */
  imports: z.strictObject({ value: z.number().int(), type: z.number().int(), dynamic: z.number().int(), require: z.number().int() }),
  /** Packages of the workspace. */
  packages: z.array(z.string()),
  /** Modules that load each other: each list one strongly connected component. */
  cycles: z.array(z.array(z.string())),
  /** The same with imports of types. */
  typeCycles: z.array(z.array(z.string())),
  orphans: z.array(z.string()),
  /** The longest chain of modules that load one another, from the first to the last. */
  longestChain: z.array(z.string()),
  unresolvedImports: z.number().int(),
  /** The first 100 of them. */
  unresolved: z.array(z.strictObject({ file: z.string(), line: z.number().int(), specifier: z.string() })),
  figures: z.array(Figure),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** How the modules of TypeScript and JavaScript depend on each other. */
export const imports = defineAnalysis({
  name: 'imports',
  title: 'Import graph',
  description:
    'Parses TypeScript and JavaScript (also in Vue, Svelte and Astro components), resolves each import as compilers do (relative, tsconfig paths, ' +
    'workspace packages, exports), and finds import cycles, modules that nothing imports, imports that lead nowhere and deep chains.',
  args: Args,
  output: Output,
  run,
})

async function run({ path }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const graph = await readImportGraph(path, context)
  const cycles = await findCycles(graph, context)
  const { orphans, findings: orphaned, notExamined: unjudged } = await findOrphans(graph, context)
  const { unresolved, findings: lost } = await findUnresolved(graph, context)
  const chain = longestChain(edgesOf(graph, isAtLoad))
  const figure = importFigure(graph, cycles.atLoad)
  const own = [...graph.modules.values()].filter(({ isOwn }) => isOwn)
  const count = (how: string) => own.reduce((sum, module) => sum + module.imports.filter((found) => found.how === how).length, 0)
  return {
    path,
    modules: own.length,
    imports: { value: count('value'), type: count('type'), dynamic: count('dynamic'), require: count('require') },
    packages: graph.packages.map(({ name }) => name),
    cycles: [...cycles.atLoad],
    typeCycles: [...cycles.byTypes],
    orphans,
    longestChain: chain,
    unresolvedImports: unresolved.length,
    unresolved: unresolved.slice(0, MAX_LISTED).map(({ file, line, specifier }) => ({ file, line, specifier })),
    figures: figure === null ? [] : [figure],
    findings: inOrder([...cycles.findings, ...orphaned, ...lost, ...deepChain(graph, chain)]),
    notExamined: [...graph.notExamined, ...unjudged, ...computed(graph)],
  }
}

function deepChain(graph: ImportGraph, chain: readonly string[]): Finding[] {
  const [first, second] = chain
  const last = chain.at(-1)
  if (chain.length < DEEP_CHAIN || first === undefined || second === undefined || last === undefined) return []
  const found = importBetween(graph, first, second, isAtLoad)
  if (found === undefined) return []
  return [
    {
      rule: 'imports.deep-chain',
      severity: 'info',
      confidence: 'heuristic',
      title: `Chain of ${chain.length} modules that load one another`,
      file: first,
      line: found.line,
      evidence: `${named(chain, 4)}; ends at ${last}`,
      why: `A change at its end can reach all of it; ${DEEP_CHAIN} is the threshold.`,
      fix: 'Let modules depend on narrow interfaces of a few layers.',
      command: showLine(first, found.line),
    },
  ]
}

/** Imports whose target only a run can tell. */
function computed({ modules }: ImportGraph): string[] {
  const places = [...modules.values()].flatMap(({ path, isOwn, open }) => (isOwn ? open.map(({ line }) => `${path}:${line}`) : []))
  return places.length === 0
    ? []
    : [`where ${places.length === 1 ? 'a computed import leads' : `${places.length} computed imports lead`}: ${named(places, 5)}`]
}
