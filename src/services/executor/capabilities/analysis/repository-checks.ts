import type { Finding } from '../../../../model/report.ts'
import type { ExecutionContext } from '../../executor.ts'
import { runGit } from '../../git.ts'
import { below, named, shellPath } from './finding.ts'
import { objectAt, textAt } from './json-text.ts'
import { allMissing, type Project } from './project.ts'
import { linesOf, readText } from './text-files.ts'

type Manifest = Readonly<Record<string, unknown>>

const README = /^readme(?:\.[a-z]+)?$/i
const LICENCE = /^(?:licen[cs]es?|copying|unlicense|notice)(?:[.-].*)?$/i
/** Where the common systems look for their configuration: a name, or a folder with something in it. */
const CI_PATHS = [
  '.github/workflows',
  '.gitlab-ci.yml',
  '.gitlab-ci.yaml',
  '.ci',
  '.circleci',
  'azure-pipelines.yml',
  'Jenkinsfile',
  '.travis.yml',
  '.drone.yml',
  'bitbucket-pipelines.yml',
  '.buildkite',
  'appveyor.yml',
  '.appveyor.yml',
  '.woodpecker',
  '.woodpecker.yml',
  '.forgejo/workflows',
  '.gitea/workflows',
  'cloudbuild.yaml',
  '.semaphore',
  '.teamcity',
  '.build.yml',
  '.builds',
  '.cirrus.yml',
  'buildspec.yml',
] as const
export const ENV_FILE = /(?:^|\/)\.env(?:\.[\w.-]+)?$/
export const ENV_SAMPLE = /\.(?:example|sample|template|tmpl|dist|defaults?|schema|vault)$/i
const SECRET_KEY = /(?:SECRET|TOKEN|PASSW(?:OR)?D|PASSPHRASE|PRIVATE_KEY|API_?KEY|ACCESS_KEY|CREDENTIAL)/i
const NO_SECRET = /^(?:|x{3,}|\*+|<.*>|\$\{.*\}|\$\w+|your[-_ ].*|change[-_]?me.*|example.*|none|null|false|true|test|secret|password|0|1)$/i

/** The README's name, or null. */
export function readmeOf(project: Project): string | null {
  const names = project.names.filter((name) => README.test(name))
  return names.find((name) => /\.(?:md|markdown)$/i.test(name)) ?? names[0] ?? null
}

/** The name of the licence's file, or null. */
export function licenceOf(project: Project): string | null {
  return project.names.find((name) => LICENCE.test(name)) ?? null
}

/** The CI configurations that are there. */
export function ciOf(project: Project): string[] {
  return CI_PATHS.filter((path) => {
    const whole = below(project.folder, path)
    return project.files.some((file) => file === whole || file.startsWith(`${whole}/`))
  })
}

/** README and licence files. */
export async function standardFiles(project: Project, manifest: Manifest | null, context: ExecutionContext): Promise<Finding[]> {
  const findings: Finding[] = []
  if (readmeOf(project) === null && (await allMissing(project, ['README.md', 'README', 'readme.md', 'README.rst', 'README.txt'], context))) {
    findings.push(
      missing(project, {
        rule: 'docs.readme-missing',
        severity: 'low',
        title: 'There is no README',
        why: 'A newcomer cannot learn what this is and how to run it.',
        fix: 'Write a README: what it is for, how to install, run and test it.',
      }),
    )
  }
  // The licence of a part is that of the whole.
  if (project.git === 'inside' || licenceOf(project) !== null || manifest?.['private'] === true) return findings
  const declared = manifest === null ? null : textAt(manifest, 'license')
  if (declared !== null && /^(?:UNLICENSED|SEE LICEN[CS]E IN)/i.test(declared)) return findings
  if (await allMissing(project, ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE', 'COPYING'], context)) {
    const why =
      declared === null ? 'Without a licence nobody else may use, copy or change it.' : 'package.json names a licence whose text is not there.'
    findings.push(
      missing(project, {
        rule: 'package.license-file',
        severity: declared === null ? 'low' : 'info',
        title: 'There is no licence file',
        why,
        fix: 'Add a LICENSE file with the full text.',
      }),
    )
  }
  return findings
}

/** CI configuration; asked only of what is a repository by itself. */
export function ci(project: Project): Finding[] {
  if (project.git !== 'root' || project.files.length === 0 || ciOf(project).length > 0) return []
  const finding = missing(project, {
    rule: 'ci.none',
    severity: 'low',
    title: 'No CI configuration found',
    why: 'Unless it is configured elsewhere, nothing tests a change before it is merged.',
    fix: 'Add a workflow that installs, builds and tests on every push.',
  })
  return [{ ...finding, confidence: 'heuristic', evidence: `none of ${CI_PATHS.join(', ')}` }]
}

/** Whether installed packages stay out of the repository. */
export async function ignoredPackages(project: Project, manifest: Manifest, context: ExecutionContext): Promise<Finding[]> {
  if (project.git === 'none') return []
  const where = below(project.folder, 'node_modules')
  const tracked = (project.tracked ?? []).filter((path) => path.startsWith(`${where}/`))
  if (tracked.length > 0) {
    return [
      {
        rule: 'git.packages-tracked',
        severity: 'medium',
        confidence: 'verified',
        title: 'node_modules is tracked by git',
        file: where,
        line: null,
        evidence: `${tracked.length} tracked files, such as ${tracked[0] ?? ''}`,
        why: 'It bloats every clone, and holds builds for one platform.',
        fix: 'Run `git rm -r --cached node_modules`, and add node_modules/ to .gitignore.',
        command: `git ls-files -- ${shellPath(where)} | wc -l`,
      },
    ]
  }
  if (['dependencies', 'devDependencies'].every((field) => Object.keys(objectAt(manifest, field)).length === 0)) return []
  const ignored = await runGit(['check-ignore', '-q', '--', `${where}/x`], context)
  const own = linesOf((await readText(context, below(project.folder, '.gitignore'))) ?? '')
  // Git and the text of the file have to agree.
  if (ignored.exitCode !== 1 || own.some((line) => /^[^#!]*\bnode_modules\b/.test(line))) return []
  const finding = missing(project, {
    rule: 'git.packages-not-ignored',
    severity: 'medium',
    title: 'git does not ignore node_modules',
    why: 'One `git add .` commits every installed package.',
    fix: 'Add node_modules/ to .gitignore.',
  })
  return [
    {
      ...finding,
      evidence: `git check-ignore finds no rule for ${where}`,
      command: `git check-ignore -v ${shellPath(`${where}/x`)} || echo not ignored`,
    },
  ]
}

/** Environment files in the repository; their values are never shown. */
export async function trackedEnvironments(project: Project, context: ExecutionContext): Promise<Finding[]> {
  const files = new Set(project.files)
  const tracked = (project.tracked ?? []).filter((path) => ENV_FILE.test(path) && !ENV_SAMPLE.test(path) && files.has(path))
  const findings: Finding[] = []
  for (const path of tracked) {
    const again = await runGit(['ls-files', '--error-unmatch', '--', path], context)
    if (again.exitCode === 0) findings.push(environment(path, (await readText(context, path)) ?? ''))
  }
  return findings
}

function environment(path: string, text: string): Finding {
  const assigned = linesOf(text).flatMap((line) => {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line.slice(0, 2_000))
    return match?.[1] === undefined ? [] : [{ key: match[1], value: (match[2] ?? '').replace(/^(["'])(.*)\1$/, '$2') }]
  })
  const secrets = assigned.filter(({ key, value }) => SECRET_KEY.test(key) && !NO_SECRET.test(value)).map(({ key }) => key)
  return {
    rule: secrets.length > 0 ? 'secrets.env-tracked' : 'git.env-tracked',
    severity: secrets.length > 0 ? 'high' : 'info',
    confidence: secrets.length > 0 ? 'heuristic' : 'verified',
    title: secrets.length > 0 ? 'An environment file that seems to hold secrets is tracked by git' : 'An environment file is tracked by git',
    file: path,
    line: null,
    evidence:
      secrets.length > 0
        ? `assigns ${named(secrets, 5)} (values not shown)`
        : `${assigned.length} ${assigned.length === 1 ? 'assignment' : 'assignments'}, no key that sounds like a secret`,
    why:
      secrets.length > 0
        ? 'Whoever can read the repository, or any copy of it, has them.'
        : 'The next secret that somebody adds to it is committed with it.',
    fix:
      secrets.length > 0
        ? 'Revoke what is real, `git rm --cached` the file, ignore it, and commit an example without values.'
        : 'Track an example file instead, and ignore this one.',
    command: `git ls-files -- ${shellPath(path)}`,
  }
}

function missing(project: Project, said: Pick<Finding, 'rule' | 'severity' | 'title' | 'why' | 'fix'>): Finding {
  return {
    ...said,
    confidence: 'verified',
    file: null,
    line: null,
    evidence: `no such name among the ${project.names.length} in the folder ${project.folder}`,
    command: `ls -a ${shellPath(below(project.folder, '.'))}`,
  }
}
