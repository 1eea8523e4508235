import { ControllerError } from '../../../../../errors.ts'
import type { ExecutionContext } from '../../../executor.ts'
import { byText, named, shellPath } from '../finding.ts'
import { type Claim, claimAt } from './claims.ts'
import type { Declaration } from './manifests.ts'
import { type Dependencies, lockFor } from './project.ts'
import { groupedBy } from '../groups.ts'
import { type Answer, askRegistry, registryUrl } from './registry.ts'
import { type Semver, specOf } from './specs.ts'

/** Requests under way at once. */
const CONCURRENCY = 4

interface Wanted {
  readonly declaration: Declaration
  /** The name in the registry: that behind an alias. */
  readonly name: string
  /** What is installed: the locked version, otherwise the lowest of the range. */
  readonly version: string
  readonly isLocked: boolean
  /** The lockfile says already that it is deprecated. */
  readonly isToldDeprecated: boolean
}

/** Compares each direct dependency with what the registry has now. What the registry does not tell is said to be unknown. */
export async function registryChecks(project: Dependencies, context: ExecutionContext): Promise<{ claims: Claim[]; notExamined: string[] }> {
  const wanted = groupedBy(
    project.manifests.flatMap((manifest) => wantedBy(manifest, project)),
    ({ name }) => name,
  )
  const registry = registryUrl()
  if (registry === null) return { claims: [], notExamined: ['outdated dependencies: not available: npm_config_registry is no plain web address'] }
  const names = [...wanted.keys()].sort(byText)
  const answers = await askAll(names, (name) => askRegistry(registry, name, context))
  const claims = names.flatMap((name) => (wanted.get(name) ?? []).flatMap((one) => claimsOf(one, answers.get(name), project.semver)))
  return { claims, notExamined: unanswered(names, answers) }
}

function wantedBy(manifest: Dependencies['manifests'][number], project: Dependencies): Wanted[] {
  const lock = lockFor(manifest, project)
  return manifest.declarations.flatMap((declaration): Wanted[] => {
    const spec = specOf(declaration.range, project.semver)
    if (declaration.field === 'peerDependencies' || project.own.has(declaration.name) || (spec.kind !== 'range' && spec.kind !== 'tag')) return []
    const pinned = lock?.pinned(manifest.folder, declaration)
    const locked = pinned && pinned !== 'unknown' ? pinned : null
    const lockedVersion = project.semver.valid(locked?.version ?? null)
    const version = lockedVersion ?? (spec.kind === 'range' ? (project.semver.minVersion(spec.range, { loose: true })?.version ?? null) : null)
    if (version === null) return []
    const isToldDeprecated = locked?.id != null && lock?.packages.get(locked.id)?.deprecated != null
    return [
      {
        declaration,
        name: (spec.kind === 'range' ? spec.of : null) ?? declaration.name,
        version,
        isLocked: lockedVersion !== null,
        isToldDeprecated,
      },
    ]
  })
}

/** Asks for one before the others: when nobody answers, the others are not asked for. */
export async function askAll(names: readonly string[], ask: (name: string) => Promise<Answer>): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>()
  const left = [...names]
  let isOver = false
  const work = async () => {
    for (let name = left.shift(); name !== undefined && !isOver; name = left.shift()) {
      const answer = await limited(() => ask(name))
      answers.set(name, answer)
      if (answer.kind === 'unreachable') isOver = true
    }
  }
  const first = left.shift()
  if (first === undefined) return answers
  const answer = await limited(() => ask(first))
  answers.set(first, answer)
  if (answer.kind !== 'unreachable') await Promise.all(Array.from({ length: CONCURRENCY }, work))
  return answers
}

/** That the run may send no more requests is a reason to stop asking, not to lose what is known. */
async function limited(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ControllerError) || error.code !== 'RESOURCE_LIMIT') throw error
    return { kind: 'unreachable', problem: 'the limit max_network_requests was reached' }
  }
}

function unanswered(names: readonly string[], answers: ReadonlyMap<string, Answer>): string[] {
  const silent = [...answers.values()].find(({ kind }) => kind === 'unreachable')
  const problems = names.flatMap((name) => {
    const answer = answers.get(name) ?? silent
    return answer === undefined || answer.kind === 'known' ? [] : [{ name, problem: answer.problem }]
  })
  return [...groupedBy(problems, ({ problem }) => problem)].map(
    ([problem, found]) => `whether ${named(found.map(({ name }) => name))} is outdated: not available: ${problem}`,
  )
}

function claimsOf(wanted: Wanted, answer: Answer | undefined, semver: Semver): Claim[] {
  if (answer?.kind !== 'known' || semver.valid(answer.latest) === null) return []
  return [...outdated(wanted, answer.latest, semver), ...deprecated(wanted, answer.deprecationOf(wanted.version))]
}

function outdated({ declaration, name, version, isLocked }: Wanted, latest: string, semver: Semver): Claim[] {
  const behind = semver.major(latest) - semver.major(version)
  if (behind < 1) return []
  return [
    claimAt(declaration, {
      rule: 'deps.outdated',
      severity: declaration.field === 'devDependencies' || behind === 1 ? 'info' : 'low',
      title: `${name} is at major version ${semver.major(version)}; the registry has ${semver.major(latest)}`,
      evidence: `${isLocked ? 'locked' : 'asked for from'} ${version}; the registry's latest is ${latest}`,
      why: 'Old major versions get fixes for a while only, and the way to the new one grows longer.',
      fix: 'Read the notes of the releases between, and update.',
      command: `npm view ${shellPath(name)} version`,
    }),
  ]
}

function deprecated({ declaration, name, version, isLocked, isToldDeprecated }: Wanted, message: string | null): Claim[] {
  if (message === null || !isLocked || isToldDeprecated) return []
  return [
    claimAt(declaration, {
      rule: 'deps.deprecated',
      severity: declaration.field === 'devDependencies' ? 'low' : 'medium',
      title: `${name}@${version} is deprecated`,
      evidence: `${name}@${version}: ${message}`,
      why: 'Its authors no longer want it to be used; it may get no fixes, not even for security.',
      fix: 'Do what the message says, or replace the package.',
      command: `npm view ${shellPath(`${name}@${version}`)} deprecated`,
    }),
  ]
}
