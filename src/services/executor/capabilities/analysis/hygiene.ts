import * as z from 'zod'
import type { Finding } from '../../../../model/report.ts'
import { analysisPath, defineAnalysis } from './define-analysis.ts'
import type { ExecutionContext } from '../../executor.ts'
import { brokenJson, strictness } from './config-checks.ts'
import { analysisOutput, inOrder } from './finding.ts'
import { LOCKFILES, lockfile, manifestFields, readmeCommands, tests } from './package-checks.ts'
import { type Project, readProject } from './project.ts'
import { ci, ciOf, ignoredPackages, licenceOf, readmeOf, standardFiles, trackedEnvironments } from './repository-checks.ts'

const Args = z.strictObject({
  path: analysisPath,
})

const Output = z.strictObject({
  path: z.string(),
  git: z.enum(['none', 'root', 'inside']),
  manifest: z.enum(['absent', 'parsed', 'broken']),
  readme: z.string().nullable(),
  licence: z.string().nullable(),
  lockfiles: z.array(z.string()),
  ci: z.array(z.string()),
  ...analysisOutput,
})
type Output = z.infer<typeof Output>

/** Whether a project has what people and tools expect of it. */
export const hygiene = defineAnalysis({
  name: 'hygiene',
  title: 'Project hygiene',
  description:
    'Checks README and its npm commands, licence, package.json, lockfile, tests, CI, tsconfig strictness, broken JSON, .gitignore and tracked ' +
    'environment files. Reads only; asks nothing online.',
  args: Args,
  output: Output,
  run,
})

async function run({ path }: z.output<typeof Args>, context: ExecutionContext): Promise<Output> {
  const project = await readProject(path, context)
  const { findings, notExamined } = isEmpty(project) ? { findings: [], notExamined: ['hygiene: the folder is empty'] } : await check(project, context)
  return {
    path,
    git: project.git,
    manifest: project.manifest === null ? 'absent' : project.manifest.ok ? 'parsed' : 'broken',
    readme: readmeOf(project),
    licence: licenceOf(project),
    lockfiles: LOCKFILES.filter((name) => project.names.includes(name)),
    ci: ciOf(project),
    findings: inOrder(findings),
    notExamined,
  }
}

async function check(project: Project, context: ExecutionContext): Promise<{ findings: Finding[]; notExamined: string[] }> {
  const manifest = project.manifest?.ok === true ? project.manifest.value : null
  const findings = [
    ...(await standardFiles(project, manifest, context)),
    ...ci(project),
    ...(await brokenJson(project, context)),
    ...(await strictness(project, manifest, context)),
    ...(await trackedEnvironments(project, context)),
    // A manifest that cannot be read has no test script either; saying so would be a second finding for one cause.
    ...(project.manifest?.ok === false ? [] : tests(project, manifest)),
  ]
  const ofPackage = manifest === null ? { findings: [], notExamined: [] } : await checkPackage(project, manifest, context)
  return { findings: [...findings, ...ofPackage.findings], notExamined: [...left(project), ...ofPackage.notExamined] }
}

async function checkPackage(project: Project, manifest: Readonly<Record<string, unknown>>, context: ExecutionContext) {
  const readme = readmeOf(project)
  const locked = await lockfile(project, manifest, context)
  context.heartbeat()
  return {
    findings: [
      ...manifestFields(project, manifest),
      ...locked.findings,
      ...(await ignoredPackages(project, manifest, context)),
      ...(readme === null ? [] : await readmeCommands(project, readme, manifest, context)),
    ],
    notExamined: locked.notExamined,
  }
}

function isEmpty({ names }: Project): boolean {
  return names.every((name) => name === '.git')
}

function left(project: Project): string[] {
  return [
    ...(project.git === 'none' ? ['tracked and ignored files, CI: the workspace is not a git work tree'] : []),
    ...(project.git !== 'none' && project.tracked === null ? ['tracked files: git cannot list them; `git fsck` may tell why'] : []),
    ...(project.git === 'inside' ? ['licence and CI: they belong to the root of the repository, of which this is a part'] : []),
    ...(project.manifest?.ok === false ? ['scripts and dependencies: package.json cannot be parsed'] : []),
    ...(project.truncated ? ['files beyond the first 100000'] : []),
  ]
}
