import type { ExecutionContext } from '../../../executor.ts'
import { below, named, shellPath } from '../finding.ts'
import type { ImportGraph } from '../imports/import-graph.ts'
import { objectAt, parseJson } from '../json-text.ts'
import { lookAtFiles, readText } from '../text-files.ts'
import { type Claim, claimAt } from './claims.ts'
import { type Declaration, FIELDS, type Manifest, upwards } from './manifests.ts'
import { type Dependencies, lockFor } from './project.ts'
import { typesOf, usesIn } from './uses.ts'

/** Each is looked for in every file. */
const MAX_CANDIDATES = 300
const MAX_FILES = 100_000
/** Tools load these by a short name, by a convention, or because another package asks for them. */
const LOADED_BY_NAME =
  /(?:^|[/-])(?:plugin|preset|config|loader|transform(?:er)?|reporter|runner|adapter|env(?:ironment)?|polyfill|theme|parser|formatter)s?(?:[-/.]|$)/
/** Compilers write imports of these. */
const BY_COMPILER: ReadonlySet<string> = new Set([
  'tslib',
  'react',
  'react-dom',
  'preact',
  'core-js',
  '@babel/runtime',
  '@swc/helpers',
  'regenerator-runtime',
  'typescript',
])

interface Candidate {
  readonly declaration: Declaration
  /** Any of these, anywhere in a text file, and it may be used. */
  readonly words: readonly string[]
}

/** Dependencies that nothing imports and no file names. A heuristic: a name can be put together, or kept elsewhere. */
export async function unusedChecks(
  project: Dependencies,
  graph: ImportGraph,
  context: ExecutionContext,
): Promise<{ claims: Claim[]; notExamined: string[] }> {
  const imported = new Set(usesIn(graph, project.manifests, { withTests: true }).map(({ name }) => name))
  const doubtful = project.manifests.flatMap((manifest) => doubtfulIn(manifest, imported, project))
  const candidates: Candidate[] = []
  const untold: string[] = []
  for (const { declaration, manifest } of doubtful.slice(0, MAX_CANDIDATES)) {
    const commands = await commandsOf(declaration, manifest, project, context)
    if (commands === null) untold.push(declaration.name)
    else candidates.push({ declaration, words: wordsFor(declaration.name, commands) })
  }
  const unnamed = await neverNamed(candidates, project, context)
  const left = doubtful.slice(MAX_CANDIDATES).map(({ declaration }) => declaration.name)
  return {
    claims: unnamed.map(claimOf),
    notExamined: [
      ...(untold.length === 0
        ? []
        : [
            `whether ${named([...new Set(untold)])} is used: it is not imported, and neither lockfile nor installation tells which commands it brings`,
          ]),
      ...(left.length === 0 ? [] : [`whether ${named(left)} is used: more than ${MAX_CANDIDATES} are not imported`]),
    ],
  }
}

/** What no module imports, and nothing else is known to need. */
function doubtfulIn(manifest: Manifest, imported: ReadonlySet<string>, project: Dependencies) {
  const peers = peersIn(manifest, project)
  // The types of a package are used where the package is.
  const used = new Set([...imported, ...[...imported, ...manifest.fieldsOf.keys()].map(typesOf)])
  return manifest.declarations
    .filter(({ name, field }) => field !== 'peerDependencies' && isDoubtful(name, used, peers, project.own))
    .map((declaration) => ({ declaration, manifest }))
}

function isDoubtful(name: string, used: ReadonlySet<string>, peers: ReadonlySet<string>, own: ReadonlySet<string>): boolean {
  return !(used.has(name) || own.has(name) || peers.has(name) || LOADED_BY_NAME.test(name) || BY_COMPILER.has(name) || name === '@types/node')
}

function peersIn(manifest: Manifest, project: Dependencies): Set<string> {
  const lock = lockFor(manifest, project)
  return new Set(lock === null ? [] : [...lock.packages.values()].flatMap(({ peers }) => peers))
}

async function commandsOf(
  declaration: Declaration,
  manifest: Manifest,
  project: Dependencies,
  context: ExecutionContext,
): Promise<readonly string[] | null> {
  const lock = lockFor(manifest, project)
  const pinned = lock?.pinned(manifest.folder, declaration)
  const locked = pinned && pinned !== 'unknown' && pinned.id !== null ? lock?.packages.get(pinned.id) : undefined
  if (locked && locked.commands !== null) return locked.commands
  for (const folder of upwards(manifest.folder)) {
    const parsed = parseJson((await readText(context, below(folder, `node_modules/${declaration.name}/package.json`))) ?? '')
    if (parsed.ok) return Object.keys(objectAt(parsed.value, 'bin'))
  }
  return null
}

function wordsFor(name: string, commands: readonly string[]): string[] {
  // The types of a global are used by the name of the global.
  const bare = name.startsWith('@types/') ? [name.slice('@types/'.length).split('__').at(-1) ?? name] : []
  return [name, ...bare, ...commands, ...(commands.length > 0 ? [name.slice(name.lastIndexOf('/') + 1)] : [])]
}

/** Those of whom no text file has any word; each file is read once. */
async function neverNamed(candidates: readonly Candidate[], project: Dependencies, context: ExecutionContext): Promise<Declaration[]> {
  const settings = project.manifests.map(besidesDependencies)
  let open = candidates.filter(({ words }) => !settings.some((text) => isIn(words, text)))
  if (open.length === 0) return []
  for await (const looked of lookAtFiles(context, { path: project.folder, maxFiles: MAX_FILES })) {
    // What cannot be read may name any of them.
    if (looked.kind === 'skipped') return []
    if (looked.kind !== 'text' || looked.language.kind === 'prose' || looked.path.endsWith('package.json')) continue
    open = open.filter(({ words }) => !isIn(words, looked.text))
    if (open.length === 0) break
  }
  return open.map(({ declaration }) => declaration)
}

function isIn(words: readonly string[], text: string): boolean {
  return words.some((word) => text.includes(word))
}

function besidesDependencies({ value }: Manifest): string {
  const fields: readonly string[] = [...FIELDS, 'peerDependenciesMeta', 'overrides', 'resolutions', 'allowScripts', 'name', 'keywords', 'description']
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([key]) => !fields.includes(key))))
}

function claimOf(declaration: Declaration): Claim {
  const { name, field, range } = declaration
  return claimAt(declaration, {
    rule: 'deps.unused',
    severity: field === 'devDependencies' ? 'info' : 'low',
    confidence: 'heuristic',
    title: `${name} seems to be unused`,
    evidence: `${name}: ${range} in ${field}; no module imports it, and no script or setting names it or a command of it`,
    why: 'Every dependency costs time to install and to update, and widens what can be attacked.',
    fix: 'Uninstall it if nothing needs it.',
    command: `grep -rnF --exclude-dir=node_modules --exclude-dir=.git --exclude='*lock*' --exclude='*.md' -e ${shellPath(name)} .`,
  })
}
