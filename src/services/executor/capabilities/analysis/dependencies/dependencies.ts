import * as z from 'zod'
import { ControllerError } from '../../../../../errors.ts'
import { analysisPath, defineAnalysis } from '../define-analysis.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { leftOutByPath } from '../file-kind.ts'
import { analysisOutput, inOrder, named } from '../finding.ts'
import { readImportGraph } from '../imports/import-graph.ts'
import { readProject } from '../project.ts'
import { type Claim, confirmed } from './claims.ts'
import { declarationChecks } from './declaration-checks.ts'
import { deprecationChecks } from './deprecation-checks.ts'
import { engineChecks } from './engine-checks.ts'
import { importChecks } from './import-checks.ts'
import { licenceChecks } from './licence-checks.ts'
import { lockChecks } from './lock-checks.ts'
import { readLocks } from './locks.ts'
import { readManifests } from './manifests.ts'
import type { Dependencies } from './project.ts'
import { registryChecks } from './registry-checks.ts'
import { registryUrl } from './registry.ts'
import { loadSemver } from './specs.ts'
import { unusedChecks } from './unused-checks.ts'

const OFFLINE = 'outdated dependencies: the registry was not asked'
const UNTOLD = 'known vulnerabilities of dependencies: no advisories were asked'
const FOREIGN =
  /(?:^|\/)(?:Cargo\.toml|pyproject\.toml|setup\.py|requirements[\w.-]*\.txt|Pipfile|go\.mod|Gemfile|composer\.json|pom\.xml|build\.gradle(?:\.kts)?|[^/]+\.csproj|pubspec\.yaml|mix\.exs|deno\.jsonc?)$/

const Args = z.strictObject({
  path: analysisPath,
  registry: z
    .enum(['offline', 'ask'])
    .default('offline')
    .describe('`ask` sends the names of the direct dependencies to the npm registry of this machine, one request each, to find outdated ones.'),
})

const Output = z.strictObject({
  path: z.string(),
  registry: z.enum(['offline', 'ask']),
  manifests: z.array(z.strictObject({ path: z.string(), name: z.string().nullable(), dependencies: z.number().int() })),
  lockfiles: z.array(z.strictObject({ path: z.string(), format: z.string(), packages: z.number().int() })),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>
/** A manifest that names a hundred thousand packages is no project's. */
const MAX_CLAIMS = 2_000

type Checked = { readonly claims: readonly Claim[]; readonly notExamined: readonly string[] }

/** What a project takes from others. Each package asked about is one network request. */
export const dependencies = defineAnalysis({
  name: 'dependencies',
  title: 'Dependency health',
  description:
    'Checks every package.json against its lockfile, the engines, licences and deprecations that lockfiles tell, ranges and addresses, undeclared, ' +
    'misplaced and unused dependencies. Reads only; asks the npm registry only with `registry: ask`.',
  args: Args,
  output: Output,
  timeoutMs: 300_000,
  targets({ registry }) {
    const url = registry === 'ask' ? registryUrl() : null
    return url === null ? [] : [{ kind: 'url', url: url.href }]
  },
  run,
})

async function run({ path, registry }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const { files, truncated } = await readProject(path, context)
  const read = await readManifests(files, context)
  const locks = await readLocks(files, new Set(read.manifests.map(({ folder }) => folder)), context)
  const project: Dependencies = {
    folder: path,
    files: new Set(files),
    manifests: read.manifests,
    locks,
    own: new Set(read.manifests.flatMap(({ name }) => name ?? [])),
    semver: await loadSemver(),
  }
  const { claims, notExamined } = read.manifests.length === 0 ? nothing() : await check(project, registry, context)
  return {
    path,
    registry,
    manifests: read.manifests.map((manifest) => ({ path: manifest.path, name: manifest.name, dependencies: manifest.declarations.length })),
    lockfiles: locks.locks.map((lock) => ({ path: lock.path, format: lock.format, packages: lock.packages.size })),
    findings: inOrder(await confirmed(claims.slice(0, MAX_CLAIMS), context)),
    notExamined: [
      ...(claims.length > MAX_CLAIMS ? [`${claims.length - MAX_CLAIMS} more findings about dependencies than the first ${MAX_CLAIMS}`] : []),
      ...(truncated ? ['files beyond the first 100000'] : []),
      ...read.notExamined,
      ...locks.notExamined,
      ...foreign(files),
      ...notExamined,
    ],
  }
}

/** What is said of other ecosystems: that it was not looked at. */
function foreign(files: readonly string[]): string[] {
  const found = files.filter((path) => FOREIGN.test(path) && leftOutByPath(path) === null)
  return found.length === 0 ? [] : [`dependencies of ${named(found, 5)}: only those of JavaScript and TypeScript are looked at`]
}

function nothing(): Checked {
  return { claims: [], notExamined: ['dependencies: there is no package.json that can be read'] }
}

async function check(project: Dependencies, registry: 'offline' | 'ask', context: ExecutionContext): Promise<Checked> {
  const checked: Checked[] = [
    lockChecks(project),
    engineChecks(project),
    { claims: [...declarationChecks(project), ...deprecationChecks(project)], notExamined: [] },
    await licenceChecks(project, context),
    await usage(project, context),
    registry === 'ask' ? await registryChecks(project, context) : { claims: [], notExamined: [OFFLINE] },
  ]
  return { claims: checked.flatMap(({ claims }) => claims), notExamined: [...checked.flatMap(({ notExamined }) => notExamined), UNTOLD] }
}

async function usage(project: Dependencies, context: ExecutionContext): Promise<Checked> {
  const graph = await readImportGraph(project.folder, context).catch((error: unknown) => {
    // The rest is true without it.
    if (error instanceof ControllerError && error.code === 'ACTION_FAILED') return error.message
    throw error
  })
  if (typeof graph === 'string') return { claims: [], notExamined: [`undeclared and unused dependencies: ${graph}`] }
  if (graph.modules.size === 0) return { claims: [], notExamined: ['undeclared and unused dependencies: no module was found'] }
  const unused = await unusedChecks(project, graph, context)
  const imports = await importChecks(project, graph, context)
  return { claims: [...imports.claims, ...unused.claims], notExamined: [...graph.notExamined, ...imports.notExamined, ...unused.notExamined] }
}
