import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { packagePath } from '../../package-path.ts'
import { ControllerError } from '../../errors.ts'
import { jsonProblemsOf } from '../../model/json-check.ts'
import { Playbook } from './playbook.ts'
import { unknownParamsIn } from './playbook-params.ts'
import { listProblems, placed, problemsOf, type PlacedProblem } from '../../model/problems.ts'
import { structureOf } from './plan-structure.ts'
import { readYamlFile } from './yaml-document.ts'

/** The folder of the playbooks that come with the package. */
export const SHIPPED_PLAYBOOKS = packagePath('playbooks')

const MAX_BYTES = 1024 * 1024
const MAX_FILES = 200

/**
 * The playbooks of the given folders, in the order of folders and file names; default: those that come with the package.
 * A workspace's own folder is untrusted and only read when it is given here.
 * @throws ControllerError PLAYBOOK_INVALID naming each bad file with line and every problem, or two files with one id
 */
export async function loadPlaybooks(dirs: readonly string[] = [SHIPPED_PLAYBOOKS]): Promise<readonly Playbook[]> {
  const files = (await Promise.all(dirs.map(filesOf))).flat()
  const read = await Promise.allSettled(files.map(loadPlaybookFile))
  const refusals = read.flatMap((outcome) => (outcome.status === 'rejected' ? [messageOf(outcome.reason)] : []))
  if (refusals.length > 0) throw new ControllerError('PLAYBOOK_INVALID', refusals.join('\n'))
  const playbooks = read.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const owners = new Map<string, string>()
  for (const [at, { id }] of playbooks.entries()) {
    const file = files[at] ?? ''
    const other = owners.get(id)
    if (other !== undefined)
      throw new ControllerError('PLAYBOOK_INVALID', `Playbooks ${other} and ${file} are both called ${id}.`, { hint: 'Give one of them another id.' })
    owners.set(id, file)
  }
  return playbooks
}

/** @throws ControllerError PLAYBOOK_INVALID */
export async function loadPlaybookFile(path: string): Promise<Playbook> {
  const file = await readYamlFile(path, { maxBytes: MAX_BYTES, code: 'PLAYBOOK_INVALID', subject: 'Playbook' })
  const unsound = jsonProblemsOf(file.value).map(({ at, problem }) => placed(at, file.value, problem))
  const parsed = unsound.length > 0 ? null : Playbook.safeParse(file.value)
  if (parsed?.success === true && contentProblems(parsed.data).length === 0) return parsed.data
  const problems = parsed === null ? unsound : parsed.success ? contentProblems(parsed.data) : problemsOf(parsed.error, file.value)
  const located = problems.map((problem) => ({ ...problem, problem: `${problem.problem} (line ${file.lineOf(problem.at)})` }))
  throw new ControllerError(
    'PLAYBOOK_INVALID',
    `Playbook ${path} has ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}:\n  ${listProblems(located)}`,
    {
      details: located.map(({ path: where, given, problem }) => ({ path: where, given, problem })),
    },
  )
}

async function filesOf(dir: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(dir)).filter((name) => /\.ya?ml$/.test(name)).toSorted()
    if (names.length > MAX_FILES)
      throw new ControllerError('PLAYBOOK_INVALID', `Folder ${dir} has ${names.length} playbooks, at most ${MAX_FILES} are read.`)
    return names.map((name) => join(dir, name))
  } catch (error) {
    if (error instanceof ControllerError) throw error
    throw new ControllerError('PLAYBOOK_INVALID', `The playbook folder ${dir} cannot be read: ${messageOf(error)}.`, {
      hint: 'Give the path of an existing folder.',
      cause: error,
    })
  }
}

/** What the schema cannot see: names that lead nowhere. */
function contentProblems(playbook: Playbook): readonly PlacedProblem[] {
  const ids = new Set(playbook.steps.map(({ id }) => id))
  const problem = (at: readonly (string | number)[], text: string): PlacedProblem => placed(at, playbook, text)
  const fallbacks = Object.entries(playbook.fallbacks).flatMap(([id, step]) => [
    ...(ids.has(id) ? [] : [problem(['fallbacks', id], 'stands in for a step that the playbook does not have')]),
    ...(step.id === undefined || step.id === id
      ? []
      : [problem(['fallbacks', id, 'id'], `must be ${id} or absent: a fallback takes the id of the step it stands in for`)]),
  ])
  const params = unknownParamsIn(playbook).map(({ at, use }) => problem(at, `uses ${use}, which the playbook does not declare`))
  const { findings } = structureOf({ ...planOf(playbook), steps: playbook.steps }, { done: new Map(), outputOf: () => undefined })
  const variants = Object.entries(playbook.fallbacks).flatMap(([id, step]) => {
    const steps = playbook.steps.map((original) => (original.id === id ? { ...step, id } : original))
    return structureOf({ ...planOf(playbook), steps }, { done: new Map(), outputOf: () => undefined })
      .findings.filter((found) => found.stepId === id && !findings.some(({ message }) => message === found.message))
      .map((found) => problem(['fallbacks', id], found.message))
  })
  return [
    ...fallbacks,
    ...params,
    ...findings.map((found) =>
      problem(
        found.path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key)),
        found.message,
      ),
    ),
    ...variants,
  ]
}

function planOf(playbook: Playbook) {
  return { version: 1 as const, assumptions: [], successCriteria: playbook.successCriteria, evidence: [] }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
