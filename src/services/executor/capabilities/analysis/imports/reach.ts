import { posix } from 'node:path'
import { isRelative } from '../source/specifier.ts'
import type { ImportGraph, Module } from './import-graph.ts'

/** Every module that some of these lead to by any import that is not for types alone, themselves included. */
export function reachedFrom(graph: ImportGraph, starts: Iterable<string>): Set<string> {
  const reached = new Set(starts)
  const openBases: string[] = []
  const queue = [...reached]
  for (const path of queue) {
    const module = graph.modules.get(path)
    if (module === undefined) continue
    for (const { how, target } of module.imports) if (how !== 'type' && target.kind === 'file') visit(target.path)
    for (const base of openFoldersOf(module)) {
      if (openBases.includes(base)) continue
      openBases.push(base)
      for (const other of graph.modules.keys()) if (isBelow(other, base)) visit(other)
    }
  }
  return reached

  function visit(path: string): void {
    if (reached.has(path)) return
    reached.add(path)
    queue.push(path)
  }
}

/** Folders in which any module may be the target of an import that is computed. */
export function openFoldersOf({ path, open }: Module): string[] {
  return open.map(({ prefix }) => {
    if (!isRelative(prefix)) return '.'
    const folder = prefix.endsWith('/') ? prefix : posix.dirname(prefix)
    return prefix.startsWith('/') ? posix.normalize(`.${folder}`) : posix.join(posix.dirname(path), folder)
  })
}

export function isBelow(path: string, folder: string): boolean {
  const clean = folder.replace(/\/+$/, '')
  return clean === '.' || clean === '' || path.startsWith(`${clean}/`)
}
