import type { Edges } from './components.ts'
import type { ImportGraph, Module, ModuleImport } from './import-graph.ts'

/** The imports of each module that fit, as edges to other modules of the graph; each target once, in the order of the imports. */
export function edgesOf(graph: ImportGraph, fits: (found: ModuleImport) => boolean): Edges {
  return new Map([...graph.modules].map(([path, module]) => [path, [...new Set(targetsOf(graph, module, fits))]]))
}

function targetsOf({ modules }: ImportGraph, module: Module, fits: (found: ModuleImport) => boolean): string[] {
  return module.imports.flatMap((found) => (found.target.kind === 'file' && modules.has(found.target.path) && fits(found) ? [found.target.path] : []))
}

/** What is there at run time, as written: what a compiler drops, `import()` and what only may lead somewhere do not count. */
export function isAtLoad({ how, isAssumed }: ModuleImport): boolean {
  return (how === 'value' || how === 'require') && !isAssumed
}

/** What is loaded together with the module, not when one of its functions runs. */
export function isEager(found: ModuleImport): boolean {
  return isAtLoad(found) && !found.isLazy
}

/** The import of one module that leads to another, the first that fits. */
export function importBetween({ modules }: ImportGraph, from: string, to: string, fits: (found: ModuleImport) => boolean): ModuleImport | undefined {
  return modules.get(from)?.imports.find((found) => found.target.kind === 'file' && found.target.path === to && fits(found))
}
