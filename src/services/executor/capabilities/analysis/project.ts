import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from '../../executor.ts'
import { runGit } from '../../git.ts'
import { segmentsOf, withFolder } from '../../safe-path.ts'
import { listFolder } from '../../workspace-files.ts'
import { isFixture, leftOutByPath } from './file-kind.ts'
import { below } from './finding.ts'
import { type Parsed, parseJson } from './json-text.ts'
import { readText } from './text-files.ts'
import { filesBelow } from './tree.ts'

const MAX_FILES = 100_000
const MAX_MANIFESTS = 500

/** What the hygiene checks share about the folder they look at. */
export interface Project {
  /** As given: relative to the workspace. */
  readonly folder: string
  /** Names directly in it, in name order; links count, the state folder does not. */
  readonly names: readonly string[]
  /** Files that git knows or would add below it, relative to the workspace; without vendored ones and test fixtures. */
  readonly files: readonly string[]
  readonly truncated: boolean
  /** `none`: not a git work tree. `inside`: it is a part of one, whose root has the licence, the CI and so on. */
  readonly git: 'none' | 'root' | 'inside'
  /** What git tracks below it, relative to the workspace; null when git cannot tell, or there is none. */
  readonly tracked: readonly string[] | null
  /** Null when there is none. */
  readonly manifest: Parsed | null
  /** The other package.json files below it, as far as they can be parsed. */
  readonly otherManifests: readonly Readonly<Record<string, unknown>>[]
}

/** @throws ControllerError PATH_DENIED or ACTION_FAILED when `folder` is no readable folder, ACTION_ABORTED */
export async function readProject(folder: string, context: ExecutionContext): Promise<Project> {
  const names = await namesIn(folder, context)
  const files: string[] = []
  for await (const { path } of filesBelow(folder, context)) {
    if (files.length >= MAX_FILES) break
    if (leftOutByPath(path) !== 'vendored' && !isFixture(path)) files.push(path)
  }
  context.heartbeat()
  const git = await gitRole(folder, context)
  return {
    folder,
    names,
    files,
    truncated: files.length >= MAX_FILES,
    git,
    tracked: git === 'none' ? null : await trackedFiles(folder, context),
    manifest: names.includes('package.json') ? await manifestAt(below(folder, 'package.json'), context) : null,
    otherManifests: await otherManifests(folder, files, context),
  }
}

/** Whether none of these exists directly in the folder: asked of the file system by name, not by listing. */
export async function allMissing(project: Project, names: readonly string[], context: ExecutionContext): Promise<boolean> {
  return inFolder(project.folder, context, (folder) => names.every((name) => lstatSync(folder.child(name), { throwIfNoEntry: false }) === undefined))
}

async function namesIn(folder: string, context: ExecutionContext): Promise<string[]> {
  return inFolder(folder, context, (open) =>
    listFolder(open)
      .map((entry) => entry.name)
      .filter((name) => join(context.workspace, folder, name) !== context.stateDir),
  )
}

async function inFolder<T>(folder: string, context: ExecutionContext, use: Parameters<typeof withFolder<T>>[2]): Promise<T> {
  const area = { workspace: context.workspace, stateDir: context.stateDir }
  return withFolder(area, segmentsOf(area, folder), use)
}

async function manifestAt(path: string, context: ExecutionContext): Promise<Parsed> {
  const text = await readText(context, path)
  return text === null ? { ok: false, problem: 'It cannot be read.' } : parseJson(text)
}

async function otherManifests(folder: string, files: readonly string[], context: ExecutionContext): Promise<Readonly<Record<string, unknown>>[]> {
  const own = below(folder, 'package.json')
  const paths = files.filter((path) => path.endsWith('/package.json') && path !== own).slice(0, MAX_MANIFESTS)
  const parsed = await Promise.all(paths.map((path) => manifestAt(path, context)))
  return parsed.flatMap((manifest) => (manifest.ok ? [manifest.value] : []))
}

/** A damaged index is no reason to say nothing of the rest. */
async function trackedFiles(folder: string, context: ExecutionContext): Promise<readonly string[] | null> {
  const listed = await runGit(['ls-files', '-z', '--', folder], context)
  return listed.exitCode === 0 && !listed.stdout.truncated ? listed.stdout.bytes.toString('utf8').split('\0').filter(Boolean) : null
}

async function gitRole(folder: string, context: ExecutionContext): Promise<Project['git']> {
  try {
    const end = await runGit(['rev-parse', '--is-inside-work-tree', '--show-cdup'], context)
    const [isInside, up = ''] = end.stdout.bytes.toString('utf8').split('\n')
    if (end.exitCode !== 0 || isInside !== 'true') return 'none'
    return up === '' && below(folder, '') === '' ? 'root' : 'inside'
  } catch (error) {
    if (context.signal.aborted) throw error
    return 'none'
  }
}
