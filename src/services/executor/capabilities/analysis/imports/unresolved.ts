import { lstatSync } from 'node:fs'
import { posix } from 'node:path'
import type { Finding } from '../../../../../model/report.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { segmentsOf, withFolder } from '../../../safe-path.ts'
import { listFolder } from '../../../workspace-files.ts'
import { leftOutByPath } from '../file-kind.ts'
import { showLines } from '../finding.ts'
import type { ImportGraph, ModuleImport } from './import-graph.ts'

/** One import that leads nowhere. */
export interface Unresolved {
  readonly file: string
  readonly line: number
  readonly endLine: number
  readonly specifier: string
}

/** Relative imports for which there is no file, seen by the resolver and by a look into the folder. */
export async function findUnresolved(
  graph: ImportGraph,
  context: ExecutionContext,
): Promise<{ readonly unresolved: Unresolved[]; readonly findings: Finding[] }> {
  const unresolved = [...graph.modules.values()].flatMap((module) =>
    module.imports.filter(isLost).map(({ line, endLine, specifier }) => ({ file: module.path, line, endLine, specifier })),
  )
  const findings: Finding[] = []
  for (const each of unresolved) {
    const module = graph.modules.get(each.file)
    if (module === undefined || !module.isOwn || module.isTest || /\.d\.[cm]?ts$/.test(each.file)) continue
    if (!(await isThere(each, context))) findings.push(toFinding(each))
  }
  return { unresolved, findings }
}

function isLost({ target, specifier }: ModuleImport): boolean {
  return target.kind === 'unresolved' && /^\.\.?\//.test(specifier)
}

/** Whether anything of that name is in the folder, or belongs to what a build would put there. */
async function isThere({ file, specifier }: Unresolved, context: ExecutionContext): Promise<boolean> {
  const path = posix.join(posix.dirname(file), specifier.replace(/[?#].*$/s, ''))
  if (path.startsWith('..') || leftOutByPath(path) !== null || specifier.includes('$') || specifier.includes('!')) return true
  const area = { workspace: context.workspace, stateDir: context.stateDir }
  const stem = posix.basename(path).replace(/\.[a-z]+$/i, '')
  try {
    return await withFolder(area, segmentsOf(area, posix.dirname(path)), (folder) =>
      listFolder(folder).some(
        ({ name }) =>
          name === stem || name.startsWith(`${stem}.`) || lstatSync(folder.child(name), { throwIfNoEntry: false })?.isSymbolicLink() === true,
      ),
    )
  } catch {
    return false
  }
}

function toFinding({ file, line, endLine, specifier }: Unresolved): Finding {
  return {
    rule: 'imports.unresolved',
    severity: 'medium',
    // A build may make it first.
    confidence: 'heuristic',
    title: 'Import that leads nowhere',
    file,
    line,
    evidence: `${JSON.stringify(specifier)}: there is no such file`,
    why: 'Whoever loads this module gets an error, unless a build makes the file first.',
    fix: 'Correct the path, remove the import, or say in the README what makes the file.',
    command: showLines(file, line, endLine),
  }
}
