import type { ExecutionContext } from '../../../executor.ts'
import { below, named } from '../finding.ts'
import type { ImportGraph } from '../imports/import-graph.ts'
import { parseJson } from '../json-text.ts'
import { readText } from '../text-files.ts'
import { type Claim, claimOn } from './claims.ts'
import type { Field } from './manifests.ts'
import { type Dependencies, lockFor } from './project.ts'
import { groupedBy } from '../groups.ts'
import { typesOf, type Use, usesIn } from './uses.ts'

/** Tools that put development dependencies into what they build. */
const BUNDLER =
  /^(?:vite|webpack|rollup|esbuild|parcel|tsup|tsdown|rolldown|next|nuxt|astro|@sveltejs\/kit|@angular\/cli|@rspack\/core|@vercel\/ncc|microbundle|bunchee|unbuild|react-scripts|electron-vite)$/

/** Each is looked for in lockfiles and installations. */
const MAX_UNDECLARED = 500

/** Imports that no manifest accounts for, and development dependencies that delivered code imports. */
export async function importChecks(
  project: Dependencies,
  graph: ImportGraph,
  context: ExecutionContext,
): Promise<{ claims: Claim[]; notExamined: string[] }> {
  const uses = usesIn(graph, project.manifests, { withTests: false }).filter((use) => !isOwn(use, project))
  const undeclared = groups(uses.filter((use) => fieldOf(use) === null))
  const misplaced = groups(uses.filter((use) => use.isProduction && !use.isType && fieldOf(use) === 'devDependencies'))
  const claims: Claim[] = []
  const aliases = new Set<string>()
  for (const group of undeclared.slice(0, MAX_UNDECLARED)) {
    const isKnown = await isReal(group[0], project, context)
    if (!isKnown && group.some(({ specifier }) => isAlias(specifier, graph))) aliases.add(group[0].name)
    else claims.push(undeclaredClaim(group, isKnown))
  }
  const left = Math.max(0, undeclared.length - MAX_UNDECLARED)
  return {
    claims: [...claims, ...misplaced.flatMap(developmentClaim)],
    notExamined: [
      ...(left === 0 ? [] : [`${left} more undeclared packages beyond the first ${MAX_UNDECLARED}`]),
      ...(aliases.size === 0
        ? []
        : [
            `whether ${named([...aliases])} ${aliases.size === 1 ? 'is a package or a name' : 'are packages or names'} that a build tool gives to files of this project`,
          ]),
    ],
  }
}

type Group = readonly [Use, ...Use[]]

/** By package and nearest manifest; what is delivered first, then values before types. */
function groups(uses: readonly Use[]): Group[] {
  const rank = (use: Use) => Number(!use.isProduction) + 2 * Number(use.isType)
  return [...groupedBy(uses, ({ name, manifests }) => `${manifests[0].path}\0${name}`).values()].flatMap((group): Group[] => {
    const [first, ...rest] = group.sort((a, b) => rank(a) - rank(b))
    return first === undefined ? [] : [[first, ...rest]]
  })
}

/** A package may import itself and the others of its repository. */
function isOwn({ name, manifests }: Use, { own }: Dependencies): boolean {
  return own.has(name) || manifests.some((manifest) => manifest.name === name)
}

/** Where the manifests above a file declare a package: anywhere but for development, only for development, or nowhere. */
function fieldOf({ name, isType, manifests }: Use): Field | null {
  const wanted = isType ? [name, typesOf(name)] : [name]
  const fields = manifests.flatMap(({ fieldsOf }) => wanted.flatMap((one) => fieldsOf.get(one) ?? []))
  return fields.find((field) => field !== 'devDependencies') ?? fields[0] ?? null
}

/** Whether there is such a package at all: what only an alias of a bundler knows looks the same in the source. */
async function isReal(use: Use, project: Dependencies, context: ExecutionContext): Promise<boolean> {
  for (const manifest of use.manifests) {
    const lock = lockFor(manifest, project)
    if (lock !== null && [...lock.packages.values()].some(({ name }) => name === use.name)) return true
    const text = await readText(context, below(manifest.folder, `node_modules/${use.name}/package.json`))
    if (text !== null && parseJson(text).ok) return true
  }
  return false
}

/** Whether what follows the scope of a name, or its first part, is a path of this project: aliases are made so, `@internal/query` for `src/query`. */
function isAlias(specifier: string, { modules }: ImportGraph): boolean {
  const rest = specifier.replace(/^[^/]*\//, '')
  return [...modules.keys()].some((path) => {
    const at = path.indexOf(`${rest}`)
    return at !== -1 && (at === 0 || path[at - 1] === '/') && /^(?:\/|\.|$)/.test(path.slice(at + rest.length))
  })
}

function undeclaredClaim(group: Group, isKnown: boolean): Claim {
  const [first] = group
  const isDelivered = first.isProduction && !first.isType
  return claimOn(
    { file: first.file, line: first.line, says: [first.specifier] },
    {
      rule: 'deps.undeclared',
      severity: isDelivered ? 'medium' : 'low',
      confidence: isKnown ? 'verified' : 'heuristic',
      title: `${first.name} is imported, but ${first.manifests[0].path} does not declare it`,
      evidence: `${first.specifier} in ${placesOf(group)}; declared in none of ${named(first.manifests.map(({ path }) => path))}`,
      why: isKnown
        ? 'It is there only because another dependency brings it along; it changes or disappears with that one, and strict package managers do not find it at all.'
        : 'Unless a build tool gives this name a meaning, or the code can do without, it fails where nothing else brings the package along.',
      fix: first.isType ? `Declare ${first.name} or ${typesOf(first.name)}.` : `Declare ${first.name} in ${first.manifests[0].path}.`,
    },
  )
}

function developmentClaim(group: Group): Claim[] {
  const [first] = group
  const [owner] = first.manifests
  const bundler = first.manifests.flatMap(({ declarations }) => declarations).find(({ name }) => BUNDLER.test(name))
  const declaration = first.manifests.flatMap(({ declarations }) => declarations).find(({ name }) => name === first.name)
  // An application that is bundled needs no dependencies where it runs.
  if (declaration === undefined || (bundler !== undefined && !owner.isPublic)) return []
  return [
    claimOn(
      { file: declaration.manifest, line: declaration.line, says: [JSON.stringify(declaration.name)] },
      {
        rule: 'deps.dev-in-production',
        severity: owner.isPublic && bundler === undefined ? 'medium' : 'low',
        confidence: bundler === undefined ? 'verified' : 'heuristic',
        title: `${first.name} is a development dependency, but delivered code imports it`,
        evidence: `${first.specifier} in ${placesOf(group)}`,
        why:
          bundler === undefined
            ? 'An installation without development dependencies does not have it, and the import fails.'
            : `Unless ${bundler.name} puts it into what is delivered, the import fails where development dependencies are not installed.`,
        fix: `Move ${first.name} to dependencies, or to peerDependencies.`,
      },
      [{ file: first.file, line: first.line, says: [first.specifier] }],
    ),
  ]
}

function placesOf(group: Group): string {
  return named([...new Set(group.map(({ file, line }) => `${file}:${line}`))], 3)
}
