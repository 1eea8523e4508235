import type { Finding } from '../../../../../model/report.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { shellPath } from '../finding.ts'
import { entriesOf, textsIn, withSources } from './built-from.ts'
import type { ImportGraph, Module } from './import-graph.ts'
import { mentionedIn } from './mentions.ts'
import { isBelow, openFoldersOf } from './reach.ts'

/** Files that people or tools start or find by their place or name: nothing needs to import them. */
const STARTED =
  /(?:^|\/)(?:bin|scripts?|tools?|examples?|demos?|docs?|website|site|bench(?:es|mark|marks)?|perf|migrations?|pages|app|routes|api|functions|stories|e2e|cypress|playgrounds?|templates?|seeds?|public|static|configs?|\.[^/]+)\/|(?:^|\/)(?:index|main|cli|server|app|sw|preload|entry[\w-]*|worker[\w-]*|setup[\w-]*|global[\w-]*|middleware|instrumentation)\.[a-z]+$|\.(?:config|conf|stories|story|bench|setup|worker|d)\.[a-z]+$/i

const MAX_FINDINGS = 50
const MIN_JUDGED = 20
const UNKNOWN_ENTRIES = 'which modules nothing imports: most look so, so they are started in a way that is not known here'

interface Orphans {
  readonly orphans: string[]
  readonly findings: Finding[]
  readonly notExamined: string[]
}

/** Modules that nothing imports, nothing starts by custom, and no other file names. */
export async function findOrphans(graph: ImportGraph, context: ExecutionContext): Promise<Orphans> {
  const candidates = candidatesOf(graph)
  const mentioned = await mentionedIn(candidates, graph.files, context)
  const orphans = candidates.filter((path) => !mentioned.has(path))
  const own = [...graph.modules.values()].filter((module) => module.isOwn && !module.isTest).length
  // Where most look forgotten, something that is not known here starts them.
  if (orphans.length > MIN_JUDGED && orphans.length > own / 2) return { orphans: [], findings: [], notExamined: [UNKNOWN_ENTRIES] }
  const findings = orphans.slice(0, MAX_FINDINGS).map((path) => toFinding(path, graph.modules.get(path)?.lines ?? 0))
  const rest = orphans.length - findings.length
  return { orphans, findings, notExamined: rest === 0 ? [] : [`${rest} more modules that nothing imports`] }
}

function candidatesOf(graph: ImportGraph): string[] {
  const imported = new Set<string>()
  const openFolders = new Set<string>()
  for (const module of graph.modules.values()) {
    for (const { target } of module.imports) if (target.kind === 'file') imported.add(target.path)
    for (const folder of openFoldersOf(module)) openFolders.add(folder)
  }
  const entries = entriesIn(graph)
  const published = openPackages(graph)
  return [...graph.modules.values()]
    .filter((module) => isCandidate(module) && !imported.has(module.path) && !entries.has(module.path))
    .flatMap(({ path }) => {
      const isOpen = [...openFolders].some((folder) => isBelow(path, folder)) || published.some((folder) => isBelow(path, folder))
      return isOpen ? [] : [path]
    })
}

function isCandidate({ path, isOwn, isTest }: Module): boolean {
  return isOwn && !isTest && path.includes('/') && !STARTED.test(path)
}

/** What the packages name as their entries, as files and as what these are built from. */
function entriesIn(graph: ImportGraph): ReadonlySet<string> {
  const own = new Set(graph.modules.keys())
  const sourceOf = withSources(graph.packages, own)
  const entries = new Set<string>()
  for (const found of graph.packages) {
    const commands = textsIn(found.manifest['bin']).map((text) => `${found.folder === '.' ? '' : `${found.folder}/`}${text.replace(/^\.?\/+/, '')}`)
    for (const path of [...entriesOf(found), ...commands]) {
      entries.add(path)
      const { target } = sourceOf({ kind: 'file', path }, found.name)
      if (target.kind === 'file') entries.add(target.path)
    }
  }
  return entries
}

/** Folders of packages any file of which others may import: `exports` with patterns, or none in a package that is not private. */
function openPackages({ packages }: ImportGraph): string[] {
  return packages.flatMap(({ folder, manifest }) => {
    const exported = manifest['exports']
    const hasPattern = typeof exported === 'object' && exported !== null && Object.keys(exported).some((key) => key.includes('*'))
    return hasPattern || (exported === undefined && manifest['private'] !== true) ? [folder] : []
  })
}

function toFinding(path: string, lines: number): Finding {
  return {
    rule: 'imports.orphan',
    severity: 'low',
    // A framework may find it by a custom that is not known here.
    confidence: 'heuristic',
    title: 'Module that nothing imports',
    file: path,
    line: null,
    evidence: `${lines} lines; no import leads to it, and no other file names it`,
    why: 'Code that nothing uses is read, kept up and searched through for nothing.',
    fix: 'Delete it, or import it where it is meant to be used.',
    command: `grep -rnF --exclude-dir=node_modules --exclude-dir=.git -e ${shellPath((path.split('/').at(-1) ?? path).replace(/\..*$/, ''))} .`,
  }
}
