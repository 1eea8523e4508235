import type { Finding } from '../../../../model/report.ts'
import type { ExecutionContext } from '../../executor.ts'
import { isTest } from './file-kind.ts'
import { asEvidence, below, named, shellPath, showLine } from './finding.ts'
import { objectAt, parseJson, textAt } from './json-text.ts'
import { languageOf } from './languages.ts'
import { allMissing, type Project } from './project.ts'
import { scriptCommands } from './readme-commands.ts'
import { linesOf, readText } from './text-files.ts'

/** Files that pin what an installation gets. */
export const LOCKFILES: readonly string[] = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb']
/** What `npm init` writes as the test script. */
const NPM_DEFAULT_TEST = /no test specified/
const DEPENDENCY_FIELDS = ['dependencies', 'devDependencies', 'optionalDependencies'] as const

type Manifest = Readonly<Record<string, unknown>>

/** Scripts that a README promises and the manifest does not have. */
export async function readmeCommands(project: Project, readme: string, manifest: Manifest, context: ExecutionContext): Promise<Finding[]> {
  const path = below(project.folder, readme)
  const text = await readText(context, path)
  if (text === null) return []
  const anywhere = new Set([manifest, ...project.otherManifests].flatMap((item) => Object.keys(objectAt(item, 'scripts'))))
  const missing = scriptCommands(text).filter(({ script }) => !anywhere.has(script) && !isBuiltIn(script, project, anywhere))
  // Both are read again, from the disk: neither side of the claim may have changed.
  const again = linesOf((await readText(context, path)) ?? '')
  const manifestAgain = parseJson((await readText(context, below(project.folder, 'package.json'))) ?? '')
  const scriptsAgain = manifestAgain.ok ? objectAt(manifestAgain.value, 'scripts') : null
  return missing.flatMap(({ line, text: shown, command, script }): Finding[] => {
    if (again[line - 1] !== shown || scriptsAgain === null || Object.hasOwn(scriptsAgain, script)) return []
    return [
      {
        rule: 'docs.readme-command',
        severity: 'medium',
        confidence: 'verified',
        title: `${readme} says \`${command}\`, but package.json has no script \`${script}\``,
        file: path,
        line,
        evidence: asEvidence(shown),
        why: 'Who follows the instructions gets an error.',
        fix: 'Add the script to package.json, or correct the README.',
        command: showLine(path, line),
      },
    ]
  })
}

function isBuiltIn(script: string, project: Project, scripts: ReadonlySet<string>): boolean {
  if (script === 'start') return project.names.includes('server.js')
  return script === 'restart' && (scripts.has('start') || scripts.has('stop'))
}

/** Fields that matter to whoever installs the package; a private one is installed by nobody. */
export function manifestFields(project: Project, manifest: Manifest): Finding[] {
  if (!isPublic(manifest)) return []
  const fields = [
    [
      'engines',
      'Without it nobody is told which versions of Node it needs, and npm warns nobody.',
      'State the oldest supported Node version in `engines.node`.',
    ],
    ['repository', 'Users who find the package in a registry do not find its source.', 'Add `repository` to package.json.'],
    ['license', 'Without a stated licence most companies may not use the package.', 'Add `license` to package.json, as an SPDX identifier.'],
  ] as const
  return fields.flatMap(([field, why, fix]): Finding[] => {
    if (Object.hasOwn(manifest, field) || (field === 'license' && Object.hasOwn(manifest, 'licenses'))) return []
    const file = below(project.folder, 'package.json')
    return [
      {
        ...manifestBase(file),
        rule: `package.${field}`,
        severity: 'info',
        title: `package.json has no \`${field}\``,
        evidence: `no key ${field}`,
        why,
        fix,
        command: printKey(file, field),
      },
    ]
  })
}

/** Whether installations are repeatable: a lockfile, in step with the manifest. */
export async function lockfile(
  project: Project,
  manifest: Manifest,
  context: ExecutionContext,
): Promise<{ findings: Finding[]; notExamined: string[] }> {
  const wanted = dependenciesOf(manifest)
  const present = LOCKFILES.filter((name) => project.names.includes(name))
  if (present.length === 0) {
    // A part of a larger repository may be locked above it.
    if (wanted.size === 0 || project.git === 'inside' || !(await allMissing(project, LOCKFILES, context))) return { findings: [], notExamined: [] }
    const settings = project.names.includes('.npmrc') ? ((await readText(context, below(project.folder, '.npmrc'))) ?? '') : ''
    if (/^\s*package-lock\s*=\s*false\b/m.test(settings))
      return { findings: [], notExamined: ['whether installations are repeatable: .npmrc switches the lockfile off'] }
    return { findings: [noLockfile(project, wanted.size, isPublic(manifest))], notExamined: [] }
  }
  if (!present.includes('package-lock.json')) return { findings: [], notExamined: [`whether ${present.join(', ')} is in step with package.json`] }
  return packageLock(project, wanted, context)
}

async function packageLock(
  project: Project,
  wanted: ReadonlyMap<string, readonly string[]>,
  context: ExecutionContext,
): Promise<{ findings: Finding[]; notExamined: string[] }> {
  const path = below(project.folder, 'package-lock.json')
  const parsed = parseJson((await readText(context, path)) ?? '')
  if (!parsed.ok) return { findings: [], notExamined: [`whether ${path} is in step with package.json: it cannot be parsed, or is too large`] }
  const packages = objectAt(parsed.value, 'packages')
  if (!Object.hasOwn(packages, ''))
    return {
      findings: [],
      notExamined: [`whether ${path} is in step with package.json: it has no entry for the project itself (lockfile version 1)`],
    }
  const locked = dependenciesOf(objectAt(packages, ''))
  const differing = [...new Set([...wanted.keys(), ...locked.keys()])].filter((name) => !sharesRange(wanted.get(name), locked.get(name))).sort()
  if (differing.length === 0) return { findings: [], notExamined: [] }
  const now = parseJson((await readText(context, below(project.folder, 'package.json'))) ?? '')
  const still = now.ok ? differing.filter((name) => !sharesRange(dependenciesOf(now.value).get(name), locked.get(name))) : []
  return { findings: still.length === 0 ? [] : [outOfStep(path, still, wanted, locked)], notExamined: [] }
}

function outOfStep(
  path: string,
  names: readonly string[],
  wanted: ReadonlyMap<string, readonly string[]>,
  locked: ReadonlyMap<string, readonly string[]>,
): Finding {
  const told = names.map(
    (name) => `${name}: ${wanted.get(name)?.[0] ?? 'absent'} in package.json, ${locked.get(name)?.[0] ?? 'absent'} in the lockfile`,
  )
  return {
    rule: 'package.lockfile-stale',
    severity: 'medium',
    confidence: 'verified',
    title: 'package-lock.json is out of step with package.json',
    file: path,
    line: null,
    evidence: named(told, 3),
    why: 'What is installed may not be what package.json asks for; where no locked version fits, `npm ci` refuses to install.',
    fix: 'Run `npm install` and commit the lockfile.',
    command: `node -p "JSON.parse(fs.readFileSync(process.argv[1])).packages['']" ${shellPath(path)}`,
  }
}

function noLockfile(project: Project, count: number, isLibrary: boolean): Finding {
  return {
    ...manifestBase(below(project.folder, 'package.json')),
    rule: 'package.lockfile-missing',
    // Whoever installs a library never gets its lockfile; who works on it does.
    severity: isLibrary ? 'low' : 'medium',
    title: 'There is no lockfile',
    evidence: `${count} dependencies; none of ${LOCKFILES.join(', ')}`,
    why: 'Two installations of the same commit may get different code.',
    fix: 'Commit the lockfile that the package manager writes.',
    command: `ls -a ${shellPath(below(project.folder, '.'))}`,
  }
}

/** Whether there is a way to run tests, and anything to run. */
export function tests(project: Project, manifest: Manifest | null): Finding[] {
  const testFiles = project.files.filter(isTest)
  if (manifest !== null) {
    const script = textAt(objectAt(manifest, 'scripts'), 'test')
    if (script !== null && !NPM_DEFAULT_TEST.test(script)) return []
    // The parts of a monorepo are often tested from its root.
    if (project.git === 'inside' && project.folder !== '.') return []
    const file = below(project.folder, 'package.json')
    const fix =
      testFiles.length > 0
        ? 'Add a `test` script that runs the tests that exist.'
        : 'Add a test runner and a `test` script, beginning with the code that changes most.'
    return [
      {
        ...manifestBase(file),
        rule: 'tests.no-script',
        severity: 'medium',
        title: '`npm test` runs no tests',
        evidence: script ?? 'no script test',
        why: 'Nobody, and no CI, can find out with the usual command whether a change breaks something.',
        fix,
        command: printKey(file, 'scripts.test'),
      },
    ]
  }
  // Rust and some others keep tests in the source files, where a path cannot show them.
  const sources = project.files.filter((path) => ['Python', 'Go', 'Java', 'Ruby', 'PHP', 'TypeScript', 'JavaScript'].includes(languageOf(path).name))
  if (sources.length < 5 || testFiles.length > 0) return []
  return [
    {
      rule: 'tests.none',
      severity: 'medium',
      confidence: 'heuristic',
      title: 'No test files found',
      file: null,
      line: null,
      evidence: `${sources.length} source files, none of them named as a test`,
      why: 'Nothing shows whether a change breaks something.',
      fix: 'Add tests, beginning with the code that changes most.',
      command: `find ${shellPath(below(project.folder, '.'))} -iname '*test*' -not -path '*/node_modules/*' -not -path '*/.git/*'`,
    },
  ]
}

function isPublic(manifest: Manifest): boolean {
  return manifest['private'] !== true && textAt(manifest, 'name') !== null && textAt(manifest, 'version') !== null
}

function manifestBase(file: string) {
  return { confidence: 'verified', file, line: null } as const
}

function printKey(file: string, key: string): string {
  return `node -p "JSON.parse(fs.readFileSync(process.argv[1])).${key}" ${shellPath(file)}`
}

function dependenciesOf(manifest: Manifest): Map<string, string[]> {
  const all = new Map<string, string[]>()
  for (const field of DEPENDENCY_FIELDS) {
    const group = objectAt(manifest, field)
    for (const name of Object.keys(group)) all.set(name, [...(all.get(name) ?? []), textAt(group, name)?.trim() ?? ''])
  }
  return all
}

function sharesRange(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a !== undefined && b !== undefined && a.some((range) => b.includes(range))
}
